// The form that asks for the control token.

import { byId } from "./dom.js";

let asked = null;

// The token that is typed in; one form for all requests that wait for it.
export function askToken(wasWrong) {
  asked ??= new Promise((resolve) => ask(wasWrong, resolve)).finally(() => (asked = null));
  return asked;
}

function ask(wasWrong, resolve) {
  const [dialog, form, field] = [byId("sign-in"), byId("sign-in-form"), byId("sign-in-token")];
  byId("sign-in-wrong").textContent = wasWrong ? "That is not the token of this server." : "";
  field.value = "";
  form.onsubmit = (event) => {
    event.preventDefault();
    const token = field.value.trim();
    if (!token) return;
    dialog.onclose = null;
    dialog.close();
    byId("sign-out").hidden = false;
    resolve(token);
  };
  dialog.onclose = () => dialog.showModal(); // without the token there is nothing to see
  if (!dialog.open) dialog.showModal();
}
