import type { Random } from '../../../testing/random.ts'

/** A mutation of the list of a file's pieces: chunks, segments, blocks or boxes. */
export type MutatePieces<Piece> = (pieces: Piece[], random: Random) => Piece[]

/** Most bytes of the pieces of one file: what is repeated is repeated as often as that. */
const MAX_BYTES = 3_000_000

/**
 * Mutates a list of pieces in one to three ways.
 *
 * @param options `sizeOf` returns the bytes of a piece
 * @returns another list, and the names of the mutations
 */
export function mutatePieces<Piece>(
  given: readonly Piece[],
  options: { mutations: Record<string, MutatePieces<Piece>>; sizeOf: (piece: Piece) => number; random: Random },
): { pieces: Piece[]; names: string[] } {
  const { mutations, sizeOf, random } = options
  const names = Array.from({ length: 1 + random.nextInt(3) }, () => random.pick(Object.keys(mutations)))
  const mutate = (pieces: Piece[], name: string) =>
    pieces.length === 0 ? pieces : limitBytes(mutations[name]?.(pieces, random) ?? pieces, sizeOf)
  return { pieces: names.reduce(mutate, [...given]), names }
}

/** Leaves out the pieces that would make the file too large. The last one always stays: it ends the file. */
function limitBytes<Piece>(pieces: readonly Piece[], sizeOf: (piece: Piece) => number): Piece[] {
  let bytes = 0
  return pieces.filter((piece, index) => {
    bytes += sizeOf(piece)
    return bytes <= MAX_BYTES || index === pieces.length - 1
  })
}

/** Creates the mutations of the order and number of pieces, which any format has. */
export function createOrderMutations<Piece>(noun: string): Record<string, MutatePieces<Piece>> {
  return {
    [`a ${noun} less`]: (pieces, random) => pieces.toSpliced(random.nextInt(pieces.length), 1),
    [`a ${noun} twice`]: (pieces, random) => insertRandomly(pieces, random, [random.pick(pieces)]),
    [`a ${noun} a thousand times`]: (pieces, random) =>
      insertRandomly(pieces, random, Array<Piece>(1_000).fill(random.pick(pieces))),
    [`two ${noun}s exchanged`]: (pieces, random) => {
      const [from, to] = [random.nextInt(pieces.length), random.nextInt(pieces.length)]
      const [a, b] = [pieces[from], pieces[to]]
      return a === undefined || b === undefined ? pieces : pieces.with(from, b).with(to, a)
    },
  }
}

/** Inserts pieces at a random index after the first. */
export function insertRandomly<Piece>(pieces: Piece[], random: Random, added: readonly Piece[]): Piece[] {
  return pieces.toSpliced(1 + random.nextInt(pieces.length), 0, ...added)
}
