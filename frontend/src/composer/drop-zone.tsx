import { createSignal, onCleanup, onMount } from 'solid-js'
import type { Studio } from '../studio.ts'
import { hasDragData, readDragData, writeDragData } from './drag-data.ts'

/** Pictures dropped anywhere, or pasted, become references. */
export function DropZone(props: { studio: Studio }) {
  const [isOver, setOver] = createSignal(false)
  let depth = 0

  const attachments = () => props.studio.composing.attachments

  function onEnter(event: DragEvent) {
    if (!hasImages(event.dataTransfer)) return
    depth += 1
    setOver(true)
  }

  function onLeave(event: DragEvent) {
    if (!hasImages(event.dataTransfer)) return
    depth = Math.max(0, depth - 1)
    setOver(depth > 0)
  }

  function onOver(event: DragEvent) {
    if (hasImages(event.dataTransfer)) event.preventDefault()
  }

  function onDrop(event: DragEvent) {
    depth = 0
    setOver(false)
    if (!event.dataTransfer || !hasImages(event.dataTransfer)) return
    event.preventDefault()
    const shown = readDragData(event.dataTransfer)
    if (shown) attachments().addShown(shown)
    if (!shown) attachments().addFiles(event.dataTransfer.files)
  }

  /** Some programs copy text together with a picture of it: then the text is meant. */
  function onPaste(event: ClipboardEvent) {
    const files = event.clipboardData?.files
    if (!files || files.length === 0 || event.clipboardData?.types.includes('text/plain')) return
    event.preventDefault()
    attachments().addFiles(files)
  }

  onMount(() => {
    const stop = new AbortController()
    const { signal } = stop
    document.addEventListener('dragstart', writeDragData, { signal })
    document.addEventListener('dragenter', onEnter, { signal })
    document.addEventListener('dragleave', onLeave, { signal })
    document.addEventListener('dragover', onOver, { signal })
    document.addEventListener('drop', onDrop, { signal })
    document.addEventListener('paste', onPaste, { signal })
    onCleanup(() => stop.abort())
  })

  return (
    <div class="drop-zone" data-shown={isOver()} aria-hidden="true">
      <p>Drop to use as references</p>
    </div>
  )
}

function hasImages(transfer: DataTransfer | null): boolean {
  return transfer !== null && (transfer.types.includes('Files') || hasDragData(transfer))
}
