import { createSignal } from 'solid-js'

export interface DragOrderOptions {
  /** Returns the index of an item of the list. */
  indexOf: (key: string) => number
  move: (key: string, to: number) => void
}

/** Creates the pointer handlers of a list whose items are put in order by dragging. */
export function createDragOrder({ indexOf, move }: DragOrderOptions) {
  const [draggedKey, setDraggedKey] = createSignal<string>()
  let listElement: HTMLUListElement | undefined

  function mountList(element: HTMLUListElement) {
    listElement = element
  }

  /** Moves the dragged item to the index of the item below the pointer. */
  function onPointerMove(event: PointerEvent) {
    const key = draggedKey()
    if (!key || !listElement) return
    const over = document.elementFromPoint(event.clientX, event.clientY)?.closest('li')
    const to = over ? [...listElement.children].indexOf(over) : -1
    if (to >= 0 && to !== indexOf(key)) move(key, to)
  }

  function onPointerDown(event: PointerEvent, key: string) {
    if (event.button !== 0 || (event.target as Element).closest('.remove, select')) return
    listElement?.setPointerCapture(event.pointerId)
    setDraggedKey(key)
  }

  return { draggedKey, mountList, onPointerMove, onPointerDown, onPointerEnd: () => setDraggedKey(undefined) }
}
