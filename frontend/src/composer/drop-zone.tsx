import { createSignal, onCleanup, onMount } from 'solid-js'
import type { Attachments } from './attachments/attachments.ts'
import { hasDragData, readDragData, writeDragData } from './drag-data.ts'

interface DropZoneProps {
  attachments: Pick<Attachments, 'addFiles' | 'addShownImage'>
}

/** The overlay of the page while an image is dragged over it. Images that are dropped or pasted become references. */
export function DropZone(props: DropZoneProps) {
  const [isOver, setOver] = createSignal(false)
  let depth = 0

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
    if (shown) props.attachments.addShownImage(shown)
    if (!shown) props.attachments.addFiles(event.dataTransfer.files)
  }

  /** Attaches pasted images. Some programs copy text together with an image of it: then only the text is pasted. */
  function onPaste(event: ClipboardEvent) {
    const files = event.clipboardData?.files
    if (!files || files.length === 0 || event.clipboardData?.types.includes('text/plain')) return
    event.preventDefault()
    props.attachments.addFiles(files)
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
