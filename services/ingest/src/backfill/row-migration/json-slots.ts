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

/** Reader of the references of a row. */
export interface SlotReader {
  /** The slots, in order. Each is read when it is requested. */
  slots: AsyncIterable<Slot>
  /** Reads the text of the slot that was read last. The caller should have released the one before, to bound its memory. */
  readText(): Promise<string | undefined>
}

interface CursorRow extends Slot {
  text: string | null
}

/**
 * Opens a reader of the references of a row: each slot is read on request, and then its text, if it is an image. Only one image at a
 * time is in memory here. It uses an SQL cursor, so that each image is a statement with a time limit of its own, and the server reads
 * the row once.
 *
 * @param maxBytes longest text that is read, in bytes; longer texts have a slot and are not read
 */
export function openSlotReader(tx: Transaction, id: string, maxBytes: number): SlotReader {
  const fetchNext = async () => (await tx<CursorRow[]>`fetch next from row_images`)[0]
  const openCursor = () => tx`
    declare row_images no scroll cursor for
    select item.field, item.position, embedded as "isEmbedded", coalesce(length, 0) as length,
           case when not embedded and length <= ${MAX_VALUE_BYTES} then value end as value,
           case when part.name = 'text' then text end as text
    from (${selectTexts(tx, id)}) as item,
    lateral (values (item.field, 'slot'), (item.field, 'text')) as part (field, name)
    where part.name = 'slot' or (embedded and length <= ${maxBytes})`
  return { slots: readSlots(openCursor, fetchNext), readText: async () => (await fetchNext())?.text ?? undefined }
}

async function* readSlots(
  openCursor: () => PromiseLike<unknown>,
  fetchNext: () => Promise<CursorRow | undefined>,
): AsyncGenerator<Slot> {
  await openCursor()
  for (let row = await fetchNext(); row; row = await fetchNext()) {
    const { text: _, ...slot } = row
    yield slot
  }
}

/**
 * Selects the references of a row with their texts, in the order of their slots. Each `offset 0` keeps what it selects in memory, rather
 * than have it read from the table or copied again wherever it is used. A common table expression, and every function that returns the
 * elements of an array, would write the images to a temporary file. The size of the list is read by a path, which copies nothing.
 */
function selectTexts(tx: Transaction, id: string) {
  return tx`
    select items.*, octet_length(text) as length, jsonb_typeof(value) = 'string' and is_file_url(text) as embedded
    from (
      select field, position, value, value #>> '{}' as text
      from (
        select slot.field, slot.position, parameters #> slot.path as value
        from (select parameters #> '{}' as parameters from generation_raw where generation_id = ${id} offset 0) as row,
        lateral (
          select 'referenceImageUrl' as field, 0 as position, '{referenceImageUrl}'::text[] as path
          union all select 'referenceImage', 0, '{referenceImage}'
          union all select 'referenceImages', n, array['referenceImages', n::text]
          from generate_series(0, jsonb_path_query_first(parameters, 'strict $.referenceImages.size()', '{}', true)::int - 1) as n
        ) as slot
        offset 0
      ) as found
      where value is not null
      offset 0
    ) as items`
}
