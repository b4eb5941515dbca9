// What to paste into a terminal or a program. `urls` has the base URL of each API.

const curl = ({ openai }) => `curl -s ${openai}/chat/completions \\
  -H "Content-Type: application/json" \\
  -d '{"model": "gpt-5", "messages": [{"role": "user", "content": "Hello"}]}'`;

const openaiPython = ({ openai }) => `from openai import OpenAI

client = OpenAI(base_url="${openai}", api_key="unused")
answer = client.chat.completions.create(
    model="gpt-5", messages=[{"role": "user", "content": "Hello"}]
)
print(answer.choices[0].message)`;

const openaiJs = ({ openai }) => `import OpenAI from "openai";

const client = new OpenAI({ baseURL: "${openai}", apiKey: "unused" });
const answer = await client.chat.completions.create({
  model: "gpt-5",
  messages: [{ role: "user", content: "Hello" }],
});
console.log(answer.choices[0].message);`;

const anthropicPython = ({ anthropic }) => `from anthropic import Anthropic

client = Anthropic(base_url="${anthropic}", api_key="unused")
answer = client.messages.create(
    model="claude-sonnet-5",
    max_tokens=1024,
    messages=[{"role": "user", "content": "Hello"}],
)
print(answer.content)`;

const anthropicJs = ({ anthropic }) => `import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic({ baseURL: "${anthropic}", apiKey: "unused" });
const answer = await client.messages.create({
  model: "claude-sonnet-5",
  max_tokens: 1024,
  messages: [{ role: "user", content: "Hello" }],
});
console.log(answer.content);`;

const langchain = ({ openai }) => `from langchain_openai import ChatOpenAI

model = ChatOpenAI(model="gpt-5", base_url="${openai}", api_key="unused")
print(model.invoke("Hello").content)`;

const agents = ({ openai }) => `from agents import Agent, OpenAIProvider, RunConfig, Runner

provider = OpenAIProvider(base_url="${openai}", api_key="unused")
agent = Agent(name="assistant", model="gpt-5")
settings = RunConfig(model_provider=provider, tracing_disabled=True)
print(Runner.run_sync(agent, "Hello", run_config=settings).final_output)`;

export const SNIPPETS = [
  { title: "curl", text: curl },
  { title: "OpenAI SDK, Python", text: openaiPython },
  { title: "OpenAI SDK, JavaScript", text: openaiJs },
  { title: "Anthropic SDK, Python", text: anthropicPython },
  { title: "Anthropic SDK, JavaScript", text: anthropicJs },
  { title: "LangChain", text: langchain },
  { title: "OpenAI Agents", text: agents },
];
