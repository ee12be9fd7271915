import { PREVIEW_WIDTHS } from '@darkroom/contracts/previews'
import { readLines } from './digest.ts'

/** An object that a row names. */
export interface NamedObject {
  key: string
  /** False for a preview, which is shown if it is there. */
  isRequired: boolean
  /** Hash in the row, in hex; null if the row has none. */
  sha256: string | null
}

/** Object with the identity of the studio, which no row names. */
const STUDIO_OBJECT = 'studio-id'

/**
 * The query for every object that rows name, with the previews of images and the posters of videos, each once, sorted by the bytes of
 * the key. It also runs on the tables of an older version, which have no `deleted_from`.
 */
export const NAMED_OBJECTS_QUERY = `
  with original (key, sha256, has_previews) as (
    select key, encode(sha256, 'hex'), kind = 'image' or placeholder is not null from generation_outputs o
    where key is not null and coalesce(to_jsonb(o) ->> 'deleted_from', state) = 'stored'
    union all select key, encode(sha256, 'hex'), true from reference_images
  )
  select key, bool_or(is_required), min(sha256) from (
    select key, true as is_required, sha256 from original
    union all
    select regexp_replace(key, '\\.[a-z0-9]+$', '') || '.w' || width || '.webp', false, null
    from original, unnest(array[${PREVIEW_WIDTHS.join(', ')}]) width where has_previews
    union all select '${STUDIO_OBJECT}', false, null
  ) named group by key order by key collate "C"`

/** Yields the result of `NAMED_OBJECTS_QUERY` from the file that it was copied to. */
export async function* readNamedObjects(file: string, signal: AbortSignal): AsyncGenerator<NamedObject> {
  for await (const line of readLines(file, signal)) {
    const [key = '', isRequired, sha256 = '\\N'] = line.split('\t')
    yield { key, isRequired: isRequired === 't', sha256: sha256 === '\\N' ? null : sha256 }
  }
}
