/** A deterministic stream of pseudo-random numbers. */
export interface Random {
  /** Returns a number in [0, 1). */
  next(): number
  between(low: number, high: number): number
  chance(probability: number): boolean
  /** Returns one of the choices. @throws RangeError if there are none */
  pick<T>(choices: readonly T[]): T
  /** Returns 32 bits, as the seed of something else. */
  seed(): number
}

/**
 * Creates a stream: the same seed parts give the same numbers on every machine.
 *
 * @see https://github.com/bryc/code/blob/master/jshash/PRNGs.md splitmix32 by Guy Steele et al., seeded with FNV-1a
 */
export function createRandom(...seedParts: readonly (string | number)[]): Random {
  let state = fnv1a(seedParts.join('\u0000'))
  const seed = () => {
    state = (state + 0x9e3779b9) | 0
    return hash32(state)
  }
  const next = () => seed() / 0x1_0000_0000
  return {
    next,
    seed,
    between: (low, high) => low + (high - low) * next(),
    chance: probability => next() < probability,
    pick: choices => {
      const choice = choices[Math.floor(next() * choices.length)]
      if (choice === undefined) throw new RangeError('pick needs at least one choice')
      return choice
    },
  }
}

/** Hashes 32 bits: neighbouring inputs give uncorrelated outputs. */
export function hash32(bits: number): number {
  let x = bits ^ (bits >>> 16)
  x = Math.imul(x, 0x21f0aaad)
  x ^= x >>> 15
  x = Math.imul(x, 0x735a2d97)
  return (x ^ (x >>> 15)) >>> 0
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash | 0
}
