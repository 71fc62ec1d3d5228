// Asks a device for a passkey: on a press of the button, what the page brought along as a question; the answer goes back
// with the form. Where the browser knows no passkeys, nothing of it is shown.

const form = document.querySelector("form[data-passkey]");
if (form && "parseCreationOptionsFromJSON" in (window.PublicKeyCredential ?? {})) {
  form.closest("[data-passkeys]").hidden = false;
  form.addEventListener("submit", (event) => {
    if (form.elements.answer.value) return;
    event.preventDefault();
    ask(form).catch(() => {
      form.querySelector("[data-failed]").hidden = false;
    });
  });
}

async function ask(element) {
  const options = JSON.parse(element.dataset.options);
  const credential =
    element.dataset.passkey === "create"
      ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
      : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
  element.elements.answer.value = JSON.stringify(credential.toJSON());
  element.submit();
}
