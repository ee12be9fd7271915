/** Reproducible random numbers. */
export interface Random {
  /** Returns an integer in [0, end). */
  nextInt(end: number): number
  pick<T>(list: readonly T[]): T
  /** Returns true with a probability of 1 / times. */
  oneIn(times: number): boolean
  bytes(length: number): Buffer
}

/** Creates a generator that depends on the seed alone: sfc32, @see https://pracrand.sourceforge.net */
export function createRandom(seed: string): Random {
  const state = new Uint32Array(new BigUint64Array([Bun.hash.wyhash(seed), Bun.hash.wyhash(seed, 1n)]).buffer)
  const next = () => {
    const [a = 0, b = 0, c = 0, counter = 0] = state
    const sum = (a + b + counter) >>> 0
    state.set([b ^ (b >>> 9), c + (c << 3), ((c << 21) | (c >>> 11)) + sum, counter + 1])
    return sum / 2 ** 32
  }
  for (let warm = 0; warm < 12; warm++) next()
  const nextInt = (end: number) => Math.floor(next() * end)
  return {
    nextInt,
    pick: list => list[nextInt(list.length)] as (typeof list)[number],
    oneIn: times => nextInt(times) === 0,
    bytes: length => Buffer.from(Uint8Array.from({ length }, () => nextInt(256))),
  }
}
