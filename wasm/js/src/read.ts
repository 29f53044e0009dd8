/** @internal Makes a token of what the module has given out. */
export let makeToken: (raw: object) => ReadToken;
/** @internal What the module has given out. */
export let rawToken: (token: unknown) => object | undefined;

/**
 * A read that {@link RaftNode.readIndex} has begun. It belongs to this process: it cannot be stored or sent.
 *
 * ```ts
 * const token: ReadToken | undefined = node.readIndex();
 * ```
 */
export class ReadToken {
  readonly #raw: object;

  private constructor(raw: object) {
    this.#raw = raw;
  }

  static {
    makeToken = (raw) => new ReadToken(raw);
    rawToken = (token) => (typeof token === "object" && token !== null && #raw in token ? token.#raw : undefined);
  }
}
