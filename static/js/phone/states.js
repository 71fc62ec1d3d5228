// How a visit's state looks: icon and colour beside its word (state.<name> in the words). Owns nothing else.

const LOOKS = {
  planned: { icon: "calendar", tone: ["info"] },
  en_route: { icon: "truck", tone: ["info"] },
  arrived: { icon: "pin", tone: ["info"] },
  admitted: { icon: "tool", tone: ["info"] },
  signed: { icon: "pen", tone: ["good"] },
  completed: { icon: "check", tone: ["good"] },
  not_completed: { icon: "undo", tone: ["warn"] },
  no_access: { icon: "nobody", tone: ["warn"] },
  cancelled: { icon: "cross", tone: ["muted"] },
  missed: { icon: "warn", tone: ["bad"] },
  disputed: { icon: "flag", tone: ["warn"] },
  void: { icon: "minus", tone: ["muted"] },
};

export const stateOf = (state) => LOOKS[state] ?? { icon: "warn", tone: ["warn"] };
