import { createMemo, createRenderEffect, type JSX, mapArray, on, untrack } from 'solid-js'

interface KeyedElementsProps {
  /** Distinct keys, in the order of their elements. */
  keys: readonly string[]
  /** Renders the one element of a key. */
  children: (key: string) => JSX.Element
}

/**
 * Renders an element for each key. Where more are added before it than stay, `For` takes an element that stays out of the document and
 * puts it back, which takes the focus from what is in it. Here it stays where it is, unless its key changes places with another.
 */
export function KeyedElements(props: KeyedElementsProps): JSX.Element {
  const end = document.createTextNode('')
  const mapped = mapArray(
    () => props.keys,
    key => props.children(key) as HTMLElement,
  )
  // A copy: `mapArray` changes the list that it returned last.
  const elements = createMemo(() => [...mapped()])
  createRenderEffect(on(elements, (next, before) => before && replaceElements(before, next, end)))
  return [...untrack(elements), end]
}

function replaceElements(before: readonly HTMLElement[], elements: readonly HTMLElement[], end: Text): void {
  const staying = new Set(elements)
  for (const element of before) if (!staying.has(element)) element.remove()
  let next: ChildNode = end
  for (const element of elements.toReversed()) {
    if (element.nextSibling !== next) next.before(element)
    next = element
  }
}
