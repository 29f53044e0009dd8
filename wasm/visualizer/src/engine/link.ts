/** The part of an address after `#` that holds a scenario: packed, as the page writes it, or readable. */
const PACKED = "s=";
const READABLE = "text=";

async function pipe(bytes: Uint8Array, through: CompressionStream | DecompressionStream): Promise<Uint8Array> {
  const stream = new Blob([bytes as BlobPart]).stream().pipeThrough(through);
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** `s=` and the text, packed. */
export async function toHash(text: string): Promise<string> {
  const packed = await pipe(new TextEncoder().encode(text), new CompressionStream("deflate-raw"));
  let binary = "";
  for (const byte of packed) binary += String.fromCharCode(byte);
  return PACKED + btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The text in the hash of an address; `undefined` if there is none. Throws if it cannot be read. */
export async function fromHash(hash: string): Promise<string | undefined> {
  const part = hash.replace(/^#/, "");
  if (part.startsWith(READABLE)) return decodeURIComponent(part.slice(READABLE.length));
  if (!part.startsWith(PACKED)) return undefined;
  const binary = atob(part.slice(PACKED.length).replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  return new TextDecoder().decode(await pipe(bytes, new DecompressionStream("deflate-raw")));
}
