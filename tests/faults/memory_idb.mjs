// IndexedDB in memory, as much of vendor/idb as the phone's storage uses: put in its place in a copy of the client, so
// that node can run everything above it. A transaction applies all of its requests or, aborted, none.

const databases = new Map();
const full = new Set();

/** Lets the disk have no room for rows of a store, until the function that it answers is called. */
export function fill(name) {
  full.add(name);
  return () => full.delete(name);
}

export async function deleteDB(name) {
  databases.delete(name);
}

export async function openDB(name, version, { upgrade } = {}) {
  const isNew = !databases.has(name);
  if (isNew) databases.set(name, new Map());
  const stores = databases.get(name);
  if (isNew) upgrade?.({
    objectStoreNames: { contains: (one) => stores.has(one) },
    createObjectStore(one, options = {}) {
      stores.set(one, { keyPath: options.keyPath ?? null, rows: new Map(), indexes: new Map() });
      return { createIndex: (index, keyPath) => stores.get(one).indexes.set(index, keyPath) };
    },
  }, 0, version, null);
  return new Database(stores);
}

class Database {
  constructor(stores) {
    this.stores = stores;
  }

  transaction(names) {
    const before = new Map([names].flat().map((name) => [name, new Map(this.stores.get(name).rows)]));
    return {
      objectStore: (name) => new Requests(this.stores.get(name), full.has(name)),
      done: Promise.resolve(),
      abort: () => before.forEach((rows, name) => { this.stores.get(name).rows = rows; }),
    };
  }

  requests(name) {
    return new Requests(this.stores.get(name));
  }

  get(name, key) { return this.requests(name).get(key); }
  getAll(name, range) { return this.requests(name).getAll(range); }
  put(name, value, key) { return this.requests(name).put(value, key); }
  delete(name, key) { return this.requests(name).delete(key); }
  async getAllFromIndex(name, index, value) {
    const path = this.stores.get(name).indexes.get(index);
    return (await this.getAll(name)).filter((row) => row[path] === value);
  }
  async count(name, asked) {
    return asked === undefined ? (await this.getAll(name)).length : this.requests(name).keys(asked).length;
  }
  close() {}
}

class Requests {
  constructor(store, isFull = false) {
    this.store = store;
    this.isFull = isFull;
  }

  key(value, key) {
    const { keyPath } = this.store;
    if (!keyPath) return JSON.stringify(key);
    return JSON.stringify(Array.isArray(keyPath) ? keyPath.map((one) => value[one]) : value[keyPath]);
  }

  async get(key) {
    return structuredClone(this.store.rows.get(JSON.stringify(key)));
  }

  async getAll() {
    return structuredClone([...this.store.rows.values()]);
  }

  put(value, key) {
    if (this.isFull) throw new DOMException("no room", "QuotaExceededError");
    return this.stored(value, key);
  }

  async stored(value, key) {
    this.store.rows.set(this.key(value, key), structuredClone(value));
  }

  add(value, key) {
    if (this.store.rows.has(this.key(value, key))) throw new Error("ConstraintError");
    return this.put(value, key);
  }

  // Of one key or of a range; keys of one store are all of one shape, and compare piece by piece.
  keys(asked) {
    if (!("lower" in Object(asked))) return [JSON.stringify(asked)].filter((key) => this.store.rows.has(key));
    return [...this.store.rows.keys()].filter((key) => !isLess(JSON.parse(key), asked.lower) && !isLess(asked.upper, JSON.parse(key)));
  }

  async delete(asked) {
    for (const key of this.keys(asked)) this.store.rows.delete(key);
  }

  async clear() {
    this.store.rows.clear();
  }
}

function isLess(one, other) {
  const at = [one].flat().findIndex((piece, index) => piece !== [other].flat()[index]);
  return at >= 0 && [one].flat()[at] < [other].flat()[at];
}
