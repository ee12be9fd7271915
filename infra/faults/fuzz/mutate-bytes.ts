import type { Random } from '../../testing/random.ts'

type Mutate = (bytes: Buffer, random: Random) => Buffer

const MUTATIONS: Record<string, Mutate> = {
  'a bit the other way': (bytes, random) =>
    withByte(bytes, random.nextInt(bytes.length), byte => byte ^ (1 << random.nextInt(8))),
  'another byte': (bytes, random) =>
    withByte(bytes, random.nextInt(bytes.length), () => random.pick([0, 0x0a, 0x22, 0x7f, 0x80, 0xff])),
  'cut short': (bytes, random) => bytes.subarray(0, random.nextInt(bytes.length)),
  'without its beginning': (bytes, random) => bytes.subarray(random.nextInt(Math.min(bytes.length, 64))),
  'without a piece': (bytes, random) => {
    const { start, end } = pickSpan(bytes, random)
    return Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)])
  },
  'a piece twice': (bytes, random) => {
    const { start, end } = pickSpan(bytes, random)
    return Buffer.concat([bytes.subarray(0, end), bytes.subarray(start)])
  },
  'a piece of something': (bytes, random) => {
    const at = random.nextInt(bytes.length)
    return Buffer.concat([bytes.subarray(0, at), random.bytes(random.nextInt(64)), bytes.subarray(at)])
  },
  'a piece blank': (bytes, random) => {
    const { start, end } = pickSpan(bytes, random)
    return Buffer.from(bytes).fill(random.pick([0, 0xff]), start, end)
  },
  'a length out of range': (bytes, random) => {
    const at = random.nextInt(Math.max(1, bytes.length - 4))
    const length = random.pick(['ffffffff', '7fffffff', '00000000', '80000000'])
    return Buffer.concat([bytes.subarray(0, at), Buffer.from(length, 'hex'), bytes.subarray(at + 4)])
  },
}

/** Mutates bytes in one to three ways. @returns a copy, and the names of the mutations */
export function mutateBytes(bytes: Buffer, random: Random): { bytes: Buffer; mutations: string[] } {
  const mutations = Array.from({ length: 1 + random.nextInt(3) }, () => random.pick(Object.keys(MUTATIONS)))
  const mutate = (given: Buffer, name: string) =>
    given.length === 0 ? given : (MUTATIONS[name]?.(given, random) ?? given)
  return { bytes: mutations.reduce(mutate, bytes), mutations }
}

/** Joins the beginning of one and the end of another. */
export function spliceBytes(a: Buffer, b: Buffer, random: Random): Buffer {
  return Buffer.concat([a.subarray(0, random.nextInt(a.length + 1)), b.subarray(random.nextInt(b.length + 1))])
}

function withByte(bytes: Buffer, at: number, change: (byte: number) => number): Buffer {
  const copy = Buffer.from(bytes)
  copy[at] = change(copy[at] ?? 0)
  return copy
}

function pickSpan(bytes: Buffer, random: Random): { start: number; end: number } {
  const start = random.nextInt(bytes.length)
  return { start, end: start + 1 + random.nextInt(Math.min(512, bytes.length - start)) }
}
