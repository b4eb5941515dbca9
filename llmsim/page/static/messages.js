// What is new in a request: agents send the whole history each time.

// {role, text} of what follows the model's last answer in the body.
export function newMessages(body) {
  if (typeof body !== "object" || body === null) return [{ role: "body", text: pretty(body, 0) }];
  const items = history(body);
  const last = items.findLastIndex(isAnswer);
  const found = items.slice(last + 1).flatMap(said);
  if (last >= 0) return found;
  const first = body.system ?? body.instructions;
  return first ? [{ role: "system", text: content(first) }, ...found] : found;
}

export function pretty(value, indent) {
  return JSON.stringify(value, null, indent) ?? "";
}

function history(body) {
  const items = body.messages ?? body.input ?? [];
  if (typeof items === "string") return [{ role: "user", content: items }];
  return Array.isArray(items) ? items.filter((item) => item && typeof item === "object") : [];
}

const ANSWERS = ["function_call", "custom_tool_call", "reasoning"];

function isAnswer(item) {
  return item.role === "assistant" || ANSWERS.includes(item.type);
}

function said(item) {
  if (item.role === "tool") return [{ role: "tool result", text: content(item.content) }];
  if (typeof item.type === "string" && item.type.endsWith("_output")) {
    return [{ role: "tool result", text: content(item.output) }];
  }
  if (!Array.isArray(item.content)) return [{ role: role(item), text: content(item.content) }];
  return item.content.map((part) =>
    part?.type === "tool_result"
      ? { role: "tool result", text: content(part.content) }
      : { role: role(item), text: content([part]) },
  );
}

const role = (item) => String(item.role ?? item.type ?? "message");

function content(value) {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map((part) => partText(part)).join("\n");
  return value === null || value === undefined ? "" : pretty(value, 0);
}

function partText(part) {
  if (typeof part === "string") return part;
  if (typeof part?.text === "string") return part.text;
  return part?.type ? `[${part.type}]` : pretty(part, 0);
}
