// Long work that is done a few seconds at a time: the page asks for the next piece by itself until nothing is left.
// Without this script its button does the same.

const form = document.querySelector("[data-goes-on]");
if (form) form.requestSubmit();
