"""OpenAI Responses, and OpenResponses, which grew out of it."""
