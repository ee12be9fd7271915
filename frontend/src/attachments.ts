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

export type Attachments = ReturnType<typeof createAttachments>

/** A picture that the studio shows already: one of its outputs, or a reference of an old row. */
export interface ShownPicture {
  url: string
  previewUrl: string
}

interface Upload {
  file: () => Promise<File>
  abort: AbortController
  done: Promise<Reference>
}

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
    uploads.set(key, { file, abort, done })
    done.then(
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
    uploads.get(key)?.abort.abort()
    for (const attachment of list) if (attachment.key === key) forget(attachment.preview)
    uploads.delete(key)
    setList(before => before.filter(attachment => attachment.key !== key))
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
    uploads.clear()
    setList([])
  }

  /** Takes the references out for sending: what they look like now, and their ids once all of them are kept. */
  function take(most: number) {
    const taken = list.filter(attachment => attachment.state !== 'failed').slice(0, most)
    const previews = list.map(attachment => attachment.preview)
    const shown = taken.map(({ reference, preview }) => reference ?? shownAs(preview))
    const pending = taken.map(({ key, name, reference }) => ({ name, reference, upload: uploads.get(key) }))
    clear()
    return { shown, ids: () => Promise.all(pending.map(idOf)), release: () => previews.forEach(forget) }
  }

  return { list, addFiles, addShown, addReferences, remove, retry, move, clear, take }
}

interface Pending {
  name: string
  reference: Reference | null
  upload: Upload | undefined
}

async function idOf({ name, reference, upload }: Pending): Promise<string> {
  try {
    const kept = reference ?? (await upload?.done.catch(error => again(error, upload)))
    if (!kept?.id) throw new Refusal('it could not be kept as a reference.')
    return kept.id
  } catch (error) {
    throw error instanceof Refusal ? new Refusal(`${name}: ${error.message}`) : error
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
  const answer = await fetch(url, { signal: AbortSignal.timeout(FETCH_DEADLINE_MS) })
  if (!answer.ok) throw new Refusal('This picture can no longer be read.')
  const bytes = await answer.blob()
  return new File([bytes], url.slice(url.lastIndexOf('/') + 1), { type: bytes.type })
}

function readyAttachment(reference: Reference): Attachment {
  const { previewUrl: preview } = reference
  return { ...UNSENT, key: uuid(), name: 'reference', preview, progress: 1, state: 'ready', reference }
}

function shownAs(preview: string): Reference {
  return { id: null, url: preview, previewUrl: preview, width: null, height: null }
}
