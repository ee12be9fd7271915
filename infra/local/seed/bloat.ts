import type { Transaction } from '../../src/database/connection.ts'

/** Pictures as text, as older systems kept them in the parameters: base64 of bytes that nothing can compress. */
export interface Bloat {
  large: string
  small: string
}

/** Of a hundred rows so many have a large one, and so many a small one. */
const PERCENT_PER_SIZE = 6
const LARGE_CHARACTERS = 2_000_000
const SMALL_CHARACTERS = 100_000

export function createBloat(): Bloat {
  const url = (characters: number) => `data:image/png;base64,${randomBase64(characters)}`
  return { large: url(LARGE_CHARACTERS), small: url(SMALL_CHARACTERS) }
}

/** Gives the generations raw parameters, some with a picture in them. They are in full in the database for each row. */
export async function insertBloat(tx: Transaction, bloat: Bloat, ids: readonly string[]): Promise<void> {
  const [spread, large, small] = [100, PERCENT_PER_SIZE, PERCENT_PER_SIZE * 2]
  await tx`
    insert into generation_raw (generation_id, parameters)
    select g.id, case
      when n * 37 % ${spread}::int < ${large}::int then g.parameters || jsonb_build_object('referenceImage', ${bloat.large}::text)
      when n * 37 % ${spread}::int < ${small}::int then g.parameters || jsonb_build_object('referenceImage', ${bloat.small}::text)
      else g.parameters
    end
    from unnest(${ids as string[]}::uuid[]) with ordinality as given (id, n) join generations g using (id)`
}

function randomBase64(characters: number): string {
  const bytes = Buffer.alloc((characters / 4) * 3)
  for (let from = 0; from < bytes.length; from += 65_536) crypto.getRandomValues(bytes.subarray(from, from + 65_536))
  return bytes.toString('base64')
}
