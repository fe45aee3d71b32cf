// Requests to the server. What must not get lost is sent again until it is acknowledged.

export class Refusal extends Error {
  constructor(word, status) {
    super(word);
    this.word = word;
    this.status = status;
  }
}

const AGAIN = ["unavailable", "too_fast"];
let listener = () => {};

// `heard(true)` when a request had to be repeated, `heard(false)` when it came through at last
export function onTrouble(heard) {
  listener = heard;
}

export async function call(path, { token = "", body = null, tries = Infinity } = {}) {
  for (let attempt = 0; ; attempt += 1) {
    let word = "unavailable";
    try {
      const reply = await fetch(`api/${path}`, options(token, body));
      if (reply.ok) {
        const found = await reply.json();
        if (attempt) listener(false);
        return found;
      }
      word = (await reply.json().catch(() => ({}))).error ?? "unavailable";
      if (!AGAIN.includes(word)) throw new Refusal(word, reply.status);
    } catch (error) {
      if (error instanceof Refusal) throw error; // anything else: the network, or half a reply
    }
    if (attempt + 1 >= tries) throw new Refusal(word, 503);
    listener(true);
    await pause(Math.min(5000, 400 * 2 ** attempt) * (0.75 + Math.random() / 2));
  }
}

// A picture, decoded and ready to be shown at once. Half a picture does not decode: it is fetched again.
export async function picture(path) {
  for (let attempt = 0; ; attempt += 1) {
    try {
      const reply = await fetch(`api/${path}`, { cache: "no-store" });
      if (reply.status === 404) throw new Refusal("unknown", 404);
      if (reply.ok) {
        const url = URL.createObjectURL(await reply.blob());
        const image = new Image();
        image.src = url;
        await image.decode();
        if (attempt) listener(false);
        return { image, free: () => URL.revokeObjectURL(url) };
      }
    } catch (error) {
      if (error instanceof Refusal) throw error;
    }
    listener(true);
    await pause(Math.min(5000, 400 * 2 ** attempt));
  }
}

function options(token, body) {
  const headers = token ? { authorization: `Bearer ${token}` } : {};
  if (body === null) return { headers, cache: "no-store" };
  return { method: "POST", headers: { ...headers, "content-type": "application/json" }, body: JSON.stringify(body), keepalive: true };
}

export function pause(ms) {
  return new Promise((done) => setTimeout(done, ms));
}
