import type { Transaction } from '../../src/database/connection.ts'

/** Images as data URLs, as older systems stored them in the parameters. Their bytes are random, so that they do not compress. */
export interface Bloat {
  large: string
  small: string
}

/** Share of the rows with a large image, and share of those with a small one. */
const PERCENT_PER_SIZE = 6
const LARGE_CHARACTERS = 2_000_000
const SMALL_CHARACTERS = 100_000

export function createBloat(): Bloat {
  const url = (characters: number) => `data:image/png;base64,${randomBase64(characters)}`
  return { large: url(LARGE_CHARACTERS), small: url(SMALL_CHARACTERS) }
}

/**
 * Inserts raw parameters of generations, some with an image. The database stores the image in full for each row.
 *
 * @param rows `from` is the number of the first one: numbers, and not batches, decide which have an image
 */
export async function insertBloat(
  tx: Transaction,
  bloat: Bloat,
  { ids, from }: { ids: readonly string[]; from: number },
): Promise<void> {
  const [spread, large, small] = [100, PERCENT_PER_SIZE, PERCENT_PER_SIZE * 2]
  await tx`
    insert into generation_raw (workspace_id, generation_id, parameters)
    select g.workspace_id, g.id, case
      when (n + ${from}::int - 1) * 37 % ${spread}::int < ${large}::int then g.parameters || jsonb_build_object('referenceImage', ${bloat.large}::text)
      when (n + ${from}::int - 1) * 37 % ${spread}::int < ${small}::int then g.parameters || jsonb_build_object('referenceImage', ${bloat.small}::text)
      else g.parameters
    end
    from unnest(${ids as string[]}::uuid[]) with ordinality as given (id, n) join generations g using (id)`
}

function randomBase64(characters: number): string {
  const bytes = Buffer.alloc((characters / 4) * 3)
  for (let from = 0; from < bytes.length; from += 65_536) crypto.getRandomValues(bytes.subarray(from, from + 65_536))
  return bytes.toString('base64')
}
