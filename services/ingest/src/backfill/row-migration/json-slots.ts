import type { Transaction } from '@darkroom/infra/database/connection'

/** A position in a row's full parameters that may have a reference. */
export interface Slot {
  field: 'referenceImage' | 'referenceImages' | 'referenceImageUrl'
  position: number
  /** Whether the value is an image as text. */
  isEmbedded: boolean
  /** Length of the text, in bytes. */
  length: number
  /** The value, if it is no image and at most `MAX_VALUE_BYTES` long. */
  value: unknown
}

/** A longer value is no URL, and is not read whole. */
const MAX_VALUE_BYTES = 8_192

/** Reader of the images of a row, one after the other, in the order of its slots. */
export interface SlotReader {
  slots: Slot[]
  /** Returns the text of the next image. The caller should have released the one before, to bound its memory. */
  next(): Promise<{ field: Slot['field']; position: number; text: string } | undefined>
}

/**
 * Opens a reader of the references of a row: it reads all slots at once, and each image on request. Only one image at a time is in
 * memory here. It uses an SQL cursor, so that each image is a statement with a time limit of its own.
 *
 * The server reads the row twice, for the slots and for the images: a common table expression for both, and every function that returns
 * the elements of an array, would write the images to a temporary file.
 *
 * @param maxBytes longest text that is read, in bytes; longer texts have a slot and are not read
 */
export async function openSlotReader(tx: Transaction, id: string, maxBytes: number): Promise<SlotReader> {
  const selected = tx<{ slots: Slot[] }[]>`
    select coalesce(json_agg(json_build_object(
      'field', field, 'position', position, 'isEmbedded', embedded, 'length', coalesce(length, 0),
      'value', case when not embedded and length <= ${MAX_VALUE_BYTES} then value end)), '[]'::json) as slots
    from (${selectTexts(tx, id)}) as texts`
  const declared = tx`
    declare row_images no scroll cursor for
    select field, position, text from (${selectTexts(tx, id)}) as texts where embedded and length <= ${maxBytes}`
  const [[found]] = await Promise.all([selected, declared])
  return {
    slots: found?.slots ?? [],
    next: async () => {
      const [row] = await tx<{ field: Slot['field']; position: number; text: string }[]>`fetch next from row_images`
      return row
    },
  }
}

/**
 * Selects the references of a row with their texts, in the order of their slots. Each `offset 0` keeps what it selects in memory, rather
 * than have it read from the table or copied again wherever it is used. The size of the list is read by a path, which copies nothing.
 */
function selectTexts(tx: Transaction, id: string) {
  return tx`
    select items.*, octet_length(text) as length, type = 'string' and is_file_url(text) as embedded
    from (
      select slot.field, slot.position, parameters #> slot.path as value, jsonb_typeof(parameters #> slot.path) as type,
             parameters #>> slot.path as text
      from (select parameters #> '{}' as parameters from generation_raw where generation_id = ${id} offset 0) as row,
      lateral (
        select 'referenceImageUrl' as field, 0 as position, '{referenceImageUrl}'::text[] as path
        union all select 'referenceImage', 0, '{referenceImage}'
        union all select 'referenceImages', n, array['referenceImages', n::text]
        from generate_series(0, jsonb_path_query_first(parameters, 'strict $.referenceImages.size()', '{}', true)::int - 1) as n
      ) as slot
      offset 0
    ) as items
    where type is not null`
}
