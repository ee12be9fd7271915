import type { Reference } from '@darkroom/contracts/reference'
import { Refusal } from '../api.ts'
import { type Attachment, readyAttachment, unsentAttachment } from './attachment.ts'
import { arrival, beginUpload, type Source, type Upload } from './reference-source.ts'

/** A reference that is on its way with a prompt. */
export interface Taken {
  attachment: Attachment
  upload: Upload | undefined
}

/** What outlives the page of a reference: what the studio knows it by, or what can be sent again. */
export type KeptReference = Reference | { source: Source }

const UNKNOWN = { id: null, width: null, height: null } as const

/** What a reference that was taken out looks like, until the studio says. */
export function appearance({ attachment }: Taken): Reference {
  return attachment.reference ?? { ...UNKNOWN, url: attachment.preview, previewUrl: attachment.preview }
}

/** The id of a reference that was taken out, once the studio keeps it. @throws Refusal with its name; OutOfReach */
export async function idOf({ attachment, upload }: Taken): Promise<string> {
  try {
    const kept = attachment.reference ?? (upload && (await arrival(upload)))
    if (!kept?.id) throw new Refusal('it could not be kept as a reference.')
    return kept.id
  } catch (error) {
    throw error instanceof Refusal ? new Refusal(`${attachment.name}: ${error.message}`) : error
  }
}

/** What is to be kept of a reference that was taken out. */
export function keptOf({ attachment, upload }: Taken): KeptReference[] {
  if (attachment.reference) return [attachment.reference]
  return upload ? [{ source: upload.source }] : []
}

/** Takes up a reference again that was kept. One that the studio does not have goes there now. */
export function takeKept(kept: KeptReference): Taken {
  if (!('source' in kept)) return { attachment: readyAttachment(kept), upload: undefined }
  const upload = beginUpload(kept.source, () => undefined)
  // Whoever asks for its id is told.
  upload.done.catch(() => undefined)
  return { attachment: unsentAttachment(kept.source), upload }
}
