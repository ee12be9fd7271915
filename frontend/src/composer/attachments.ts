import type { Reference } from '@darkroom/contracts/reference'
import { createStore, produce, unwrap } from 'solid-js/store'
import { describeProblem, OutOfReach } from '../api.ts'
import { type Attachment, readyAttachment, unsentAttachment } from './attachment.ts'
import type { Taken } from './pending-reference.ts'
import { beginUpload, forgetPreview, type ShownPicture, type Source, type Upload } from './reference-source.ts'

/**
 * The references of the draft, in the order they will be sent.
 *
 * @param kept those that were there before the page was left
 */
export function createAttachments(kept: readonly Reference[]) {
  const [list, setList] = createStore<Attachment[]>(kept.map(readyAttachment))
  const uploads = new Map<string, Upload>()

  function attach(source: Source) {
    const attachment = unsentAttachment(source)
    setList(list.length, attachment)
    start(attachment.key, source)
  }

  function start(key: string, source: Source) {
    follow(
      key,
      beginUpload(source, progress => change(key, { progress })),
    )
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
    start(key, upload.source)
  }

  function change(key: string, fields: Partial<Attachment>) {
    setList(attachment => attachment.key === key, fields)
  }

  function addFiles(files: Iterable<File>) {
    for (const file of files) attach(file)
  }

  /** Attaches a picture that is shown in the studio: its bytes are read and kept as a reference, once. */
  function addShown({ url, previewUrl }: ShownPicture) {
    attach({ url, previewUrl })
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
    if (attachment) forgetPreview(attachment.preview)
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

  /** Takes the first references out for sending, also those that could not be sent yet. */
  function take(most: number): Taken[] {
    const usable = list.filter(({ state, canRetry }) => state !== 'failed' || canRetry).slice(0, most)
    // As they are, out of the store: what is kept by the browser must be plain.
    const taken = usable.map(attachment => ({
      attachment: { ...unwrap(attachment) },
      upload: uploads.get(attachment.key),
    }))
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
    for (const { attachment } of taken) if (!shown.has(attachment.preview)) forgetPreview(attachment.preview)
  }

  return { list, addFiles, addShown, addReferences, remove, retry, move, clear, take, putBack, release }
}
