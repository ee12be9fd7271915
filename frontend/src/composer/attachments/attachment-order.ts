import { createStore, produce } from 'solid-js/store'
import type { Attachment } from './attachment.ts'

export type AttachmentOrder = ReturnType<typeof createAttachmentOrder>

/** Creates the ordered list of attachments. */
export function createAttachmentOrder(initial: Attachment[]) {
  const [list, setList] = createStore<Attachment[]>(initial)

  function append(attachment: Attachment) {
    setList(list.length, attachment)
  }

  function update(key: string, fields: Partial<Attachment>) {
    setList(attachment => attachment.key === key, fields)
  }

  function remove(keys: ReadonlySet<string>) {
    setList(before => before.filter(attachment => !keys.has(attachment.key)))
  }

  /** Moves an attachment to another index. An index beyond an end is taken as that end. */
  function move(key: string, to: number) {
    setList(
      produce(order => {
        const from = order.findIndex(attachment => attachment.key === key)
        const moved = order.splice(from, from < 0 ? 0 : 1)
        order.splice(Math.max(0, Math.min(to, order.length)), 0, ...moved)
      }),
    )
  }

  const find = (key: string) => list.find(attachment => attachment.key === key)

  return { list, append, update, remove, move, find }
}
