import type { Random } from '../../testing/random.ts'

type Mutate = (bytes: Buffer, random: Random) => Buffer

const MUTATIONS: Record<string, Mutate> = {
  'a bit the other way': (bytes, random) =>
    changed(bytes, random.below(bytes.length), byte => byte ^ (1 << random.below(8))),
  'another byte': (bytes, random) =>
    changed(bytes, random.below(bytes.length), () => random.pick([0, 0x0a, 0x22, 0x7f, 0x80, 0xff])),
  'cut short': (bytes, random) => bytes.subarray(0, random.below(bytes.length)),
  'without its beginning': (bytes, random) => bytes.subarray(random.below(Math.min(bytes.length, 64))),
  'without a piece': (bytes, random) => {
    const { start, end } = span(bytes, random)
    return Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)])
  },
  'a piece twice': (bytes, random) => {
    const { start, end } = span(bytes, random)
    return Buffer.concat([bytes.subarray(0, end), bytes.subarray(start)])
  },
  'a piece of something': (bytes, random) => {
    const at = random.below(bytes.length)
    return Buffer.concat([bytes.subarray(0, at), random.bytes(random.below(64)), bytes.subarray(at)])
  },
  'a piece blank': (bytes, random) => {
    const { start, end } = span(bytes, random)
    return Buffer.from(bytes).fill(random.pick([0, 0xff]), start, end)
  },
  'a length out of range': (bytes, random) => {
    const at = random.below(Math.max(1, bytes.length - 4))
    const length = random.pick(['ffffffff', '7fffffff', '00000000', '80000000'])
    return Buffer.concat([bytes.subarray(0, at), Buffer.from(length, 'hex'), bytes.subarray(at + 4)])
  },
}

/** Damages bytes in one to three ways. @returns other bytes, and in words what was done */
export function mutateBytes(bytes: Buffer, random: Random): { bytes: Buffer; done: string[] } {
  const done = Array.from({ length: 1 + random.below(3) }, () => random.pick(Object.keys(MUTATIONS)))
  const mutate = (given: Buffer, name: string) =>
    given.length === 0 ? given : (MUTATIONS[name]?.(given, random) ?? given)
  return { bytes: done.reduce(mutate, bytes), done }
}

/** The beginning of one and the end of another. */
export function splice(a: Buffer, b: Buffer, random: Random): Buffer {
  return Buffer.concat([a.subarray(0, random.below(a.length + 1)), b.subarray(random.below(b.length + 1))])
}

function changed(bytes: Buffer, at: number, change: (byte: number) => number): Buffer {
  const copy = Buffer.from(bytes)
  copy[at] = change(copy[at] ?? 0)
  return copy
}

function span(bytes: Buffer, random: Random): { start: number; end: number } {
  const start = random.below(bytes.length)
  return { start, end: start + 1 + random.below(Math.min(512, bytes.length - start)) }
}
