// Strokes of a signature as data in one fixed logical box, whatever the screen's size and turn. Pure; the canvas is
// pad.js. A stroke is a list of points [x, y, milliseconds since the first point, pressure].

// The server takes so many strokes, and a push so many bytes: ink without end must not block what comes after it.
const MOST_STROKES = 500;
const MOST_POINTS = 5000;

/** Width and height of the logical box, as every signature event states it. */
export const BOX = [600, 300];

/** Strokes from the pad's point groups, drawn on a canvas `width` CSS pixels wide with the box's proportions. */
export function toBox(groups, width) {
  const scale = BOX[0] / width;
  const start = groups[0]?.points[0]?.time ?? 0;
  return thinned(groups.map((group) => group.points.map((point) => [
    tenth(within(point.x * scale, BOX[0])), tenth(within(point.y * scale, BOX[1])),
    Math.max(0, Math.round(point.time - start)), Math.round((point.pressure || 0.5) * 100) / 100,
  ])).filter((stroke) => stroke.length));
}

// The same lines in fewer points: every second, third ... of each stroke, and its end.
function thinned(strokes) {
  const kept = strokes.slice(0, MOST_STROKES);
  const each = Math.ceil(kept.reduce((sum, stroke) => sum + stroke.length, 0) / MOST_POINTS);
  return each < 2 ? kept : kept.map((stroke) => stroke.filter((_, place) => place % each === 0 || place === stroke.length - 1));
}

/** Point groups for the pad, to redraw strokes on a canvas `width` CSS pixels wide. */
export function fromBox(strokes, width, options = {}) {
  const scale = width / BOX[0];
  return strokes.map((stroke) => ({
    ...options, points: stroke.map(([x, y, time, pressure]) => ({ x: x * scale, y: y * scale, time, pressure })),
  }));
}

/** So little ink that it is likelier a slip than a name: a dot, a tick. It asks again and never blocks. */
export function isWeak(strokes) {
  const points = strokes.flat();
  if (points.length < 4) return true;
  const xs = points.map((point) => point[0]);
  const ys = points.map((point) => point[1]);
  const spread = Math.hypot(Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys));
  return spread < 40 || strokes.reduce((sum, stroke) => sum + length(stroke), 0) < 80;
}

/** The exact text that `strokes_hash` is the SHA-256 of. */
export const strokesText = (strokes) => JSON.stringify(strokes);

/** The exact text that `bind` is the SHA-256 of: signature, statement, visit and signer tied together. */
export const bindText = (docHash, inkHash, visitId, name) => [docHash, inkHash, visitId, name].join("\n");

const tenth = (value) => Math.round(value * 10) / 10;
const within = (value, limit) => Math.min(limit, Math.max(0, value));

function length(stroke) {
  let sum = 0;
  for (let i = 1; i < stroke.length; i += 1) sum += Math.hypot(stroke[i][0] - stroke[i - 1][0], stroke[i][1] - stroke[i - 1][1]);
  return sum;
}
