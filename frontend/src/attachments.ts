import type { Reference } from '@darkroom/contracts/reference'
import { createStore, produce } from 'solid-js/store'
import { describeProblem, OutOfReach, Refusal } from './api.ts'
import { objection, type UploadOptions, uploadReference } from './upload.ts'
import { uuid } from './uuid.ts'

/** A picture that will go along with the prompt. It is sent to the studio as soon as it is attached. */
export interface Attachment {
  readonly key: string
  name: string
  preview: string
  progress: number
  state: 'uploading' | 'ready' | 'failed'
  problem: string | null
  /** Whether sending it once more may help. */
  canRetry: boolean
  reference: Reference | null
}

/** A picture that the studio shows already: one of its outputs, or a reference of an old row. */
export interface ShownPicture {
  url: string
  previewUrl: string
}

/** A reference that is on its way with a prompt. */
export interface Taken {
  attachment: Attachment
  upload: Upload | undefined
}

interface Upload {
  file: () => Promise<File>
  abort: AbortController
  done: Promise<Reference>
}

const UNKNOWN = { id: null, width: null, height: null } as const
const FETCH_DEADLINE_MS = 60_000
const UNSENT = { progress: 0, state: 'uploading', problem: null, canRetry: false, reference: null } as const

/**
 * The references of the draft, in the order they will be sent.
 *
 * @param kept those that were there before the page was left
 */
export function createAttachments(kept: readonly Reference[]) {
  const [list, setList] = createStore<Attachment[]>(kept.map(readyAttachment))
  const uploads = new Map<string, Upload>()

  function attach(name: string, preview: string, file: () => Promise<File>) {
    const key = uuid()
    setList(list.length, { ...UNSENT, key, name, preview })
    start(key, file)
  }

  function start(key: string, file: () => Promise<File>) {
    const abort = new AbortController()
    const onProgress = (progress: number) => change(key, { progress })
    const done = send(file, { signal: abort.signal, onProgress })
    follow(key, { file, abort, done })
  }

  function follow(key: string, upload: Upload) {
    uploads.set(key, upload)
    upload.done.then(
      reference => change(key, { state: 'ready', progress: 1, reference }),
      error => change(key, { state: 'failed', problem: describeProblem(error), canRetry: error instanceof OutOfReach }),
    )
  }

  /** Sends a picture once more that could not be sent. */
  function retry(key: string) {
    const upload = uploads.get(key)
    if (!upload) return
    change(key, { state: 'uploading', progress: 0, problem: null })
    start(key, upload.file)
  }

  function change(key: string, fields: Partial<Attachment>) {
    setList(attachment => attachment.key === key, fields)
  }

  function addFiles(files: Iterable<File>) {
    for (const file of files) attach(file.name, URL.createObjectURL(file), async () => file)
  }

  /** Attaches a picture that is shown in the studio: its bytes are read and kept as a reference, once. */
  function addShown({ url, previewUrl }: ShownPicture) {
    attach(url.slice(url.lastIndexOf('/') + 1), previewUrl, () => readPicture(url))
  }

  function addReferences(references: readonly Reference[]) {
    for (const reference of references) {
      if (reference.id === null) addShown(reference)
      if (reference.id !== null) setList(list.length, readyAttachment(reference))
    }
  }

  function remove(key: string) {
    const attachment = list.find(attachment => attachment.key === key)
    uploads.get(key)?.abort.abort()
    uploads.delete(key)
    setList(before => before.filter(other => other.key !== key))
    if (attachment) forget(attachment.preview)
  }

  /** Puts an attachment at another place in the order. */
  function move(key: string, to: number) {
    setList(
      produce(order => {
        const from = order.findIndex(attachment => attachment.key === key)
        const moved = order.splice(from, from < 0 ? 0 : 1)
        order.splice(Math.max(0, Math.min(to, order.length)), 0, ...moved)
      }),
    )
  }

  function clear() {
    for (const { key } of [...list]) remove(key)
  }

  /** Takes the first references out for sending. */
  function take(most: number): Taken[] {
    const usable = list.filter(attachment => attachment.state !== 'failed').slice(0, most)
    const taken = usable.map(attachment => ({ attachment: { ...attachment }, upload: uploads.get(attachment.key) }))
    const keys = new Set(taken.map(({ attachment }) => attachment.key))
    setList(before => before.filter(attachment => !keys.has(attachment.key)))
    return taken
  }

  /** Puts references back that were taken out. */
  function putBack(taken: readonly Taken[]) {
    for (const { attachment, upload } of taken) {
      setList(list.length, { ...attachment })
      if (upload) follow(attachment.key, upload)
    }
  }

  /** Lets go of what only this page has of references that were sent, unless they were put back. */
  function release(taken: readonly Taken[]) {
    const shown = new Set(list.map(attachment => attachment.preview))
    for (const { attachment } of taken) if (!shown.has(attachment.preview)) forget(attachment.preview)
  }

  return { list, addFiles, addShown, addReferences, remove, retry, move, clear, take, putBack, release }
}

/** What a reference that was taken out looks like, until the studio says. */
export function appearance({ attachment }: Taken): Reference {
  return attachment.reference ?? { ...UNKNOWN, url: attachment.preview, previewUrl: attachment.preview }
}

/** The id of a reference that was taken out, once the studio keeps it. @throws Refusal with its name; OutOfReach */
export async function idOf({ attachment, upload }: Taken): Promise<string> {
  try {
    const kept = attachment.reference ?? (await upload?.done.catch(error => again(error, upload)))
    if (!kept?.id) throw new Refusal('it could not be kept as a reference.')
    return kept.id
  } catch (error) {
    throw error instanceof Refusal ? new Refusal(`${attachment.name}: ${error.message}`) : error
  }
}

/** A picture that did not get through is sent again with every new try; one that the studio refused is not. */
async function again(error: unknown, { file, abort }: Upload): Promise<Reference> {
  if (!(error instanceof OutOfReach)) throw error
  return await send(file, { signal: abort.signal, onProgress: () => undefined })
}

async function send(file: () => Promise<File>, options: UploadOptions): Promise<Reference> {
  return await uploadReference(checked(await file()), options)
}

function forget(preview: string) {
  if (preview.startsWith('blob:')) URL.revokeObjectURL(preview)
}

function checked(file: File): File {
  const why = objection(file)
  if (why !== undefined) throw new Refusal(why)
  return file
}

async function readPicture(url: string): Promise<File> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(FETCH_DEADLINE_MS) }).catch(cause => {
    throw new OutOfReach('The picture cannot be read right now.', { cause })
  })
  if (!answer.ok) throw new Refusal('This picture can no longer be read.')
  const bytes = await answer.blob()
  return new File([bytes], url.slice(url.lastIndexOf('/') + 1), { type: bytes.type })
}

function readyAttachment(reference: Reference): Attachment {
  const { previewUrl: preview } = reference
  return { ...UNSENT, key: uuid(), name: 'reference', preview, progress: 1, state: 'ready', reference }
}
