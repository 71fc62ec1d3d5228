// The customer's last screen: thanks, the receipt for their own phone, and the button that gives the phone back.

import { clone, field, put } from "../lib/dom.js";
import { t } from "../lib/words.js";
import { receipt } from "./receipt.js";

export async function thanks(context) {
  const element = clone("customer-thanks");
  put(element, "how", t(context.facts.signature ? "customer.thanks.signed" : "customer.thanks.unsigned"));
  const code = receipt(context.id);
  field(element, "receipt").append(code.element);
  return {
    element, stop: code.stop, title: t("customer.thanks.title"), hint: "",
    label: t("customer.thanks.next", { name: context.technician }), icon: "hand", act: context.giveBack,
  };
}
