import { type Accessor, createSignal, onCleanup } from 'solid-js'
import type { Size } from './zoom.ts'

/** Creates the size of an element, in CSS pixels: 0 × 0 until it is mounted. @returns it, and a function that takes the element */
export function createElementSize(): readonly [size: Accessor<Size>, mount: (element: HTMLElement) => void] {
  const [size, setSize] = createSignal<Size>({ width: 0, height: 0 }, { equals: isEqual })
  const measure = (element: HTMLElement) => setSize({ width: element.clientWidth, height: element.clientHeight })

  function mount(element: HTMLElement) {
    const observer = new ResizeObserver(() => measure(element))
    observer.observe(element)
    // The first frame has the image in its box already.
    queueMicrotask(() => measure(element))
    onCleanup(() => observer.disconnect())
  }

  return [size, mount]
}

function isEqual(a: Size, b: Size): boolean {
  return a.width === b.width && a.height === b.height
}
