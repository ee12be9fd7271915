import { createEffect, onCleanup } from 'solid-js'

/** Name of the highlight in library.css. */
const HIGHLIGHT_NAME = 'found'

/**
 * The marks below the found words of the shown prompts. They are painted over the text and change neither the elements nor
 * their size. Browsers without custom highlights show none.
 *
 * @see https://www.w3.org/TR/css-highlight-api-1/
 */
export function FoundHighlight(props: { text: string }): null {
  if (!('highlights' in CSS)) return null
  createEffect(() => {
    const pattern = toPattern(props.text)
    CSS.highlights.delete(HIGHLIGHT_NAME)
    if (pattern === null) return
    let request = 0
    const mark = () => {
      request = 0
      CSS.highlights.set(HIGHLIGHT_NAME, new Highlight(...findRanges(document, pattern)))
    }
    const schedule = () => {
      request ||= requestAnimationFrame(mark)
    }
    const observer = new MutationObserver(schedule)
    observer.observe(document.body, { childList: true, subtree: true, characterData: true })
    schedule()
    onCleanup(() => {
      observer.disconnect()
      cancelAnimationFrame(request)
      CSS.highlights.delete(HIGHLIGHT_NAME)
    })
  })
  return null
}

/** Returns the pattern of the searched words, each at the beginning of a word; null if there are none. */
export function toPattern(text: string): RegExp | null {
  const phrases = [...text.matchAll(/"([^"]+)"/g)].map(([, phrase = '']) => phrase.trim())
  const words = text
    .replaceAll(/"[^"]*"/g, ' ')
    .replaceAll('"', ' ')
    .split(/\s+/)
  const parts = [...phrases, ...words].filter(part => part !== '').map(escapePattern)
  return parts.length === 0 ? null : new RegExp(`(?<![\\p{L}\\p{N}])(?:${parts.join('|')})[\\p{L}\\p{N}]*`, 'giu')
}

function escapePattern(part: string): string {
  return part.replaceAll(/[.*+?^${}()|[\]\\/-]/g, String.raw`\$&`)
}

function findRanges(root: Document, pattern: RegExp): Range[] {
  const texts = [...root.querySelectorAll('article [id^="prompt-"]')].flatMap(prompt => [...prompt.childNodes])
  return texts.flatMap(node => {
    if (!(node instanceof Text)) return []
    return [...node.data.matchAll(pattern)].map(({ index, 0: found }) => {
      const range = new Range()
      range.setStart(node, index)
      range.setEnd(node, index + found.length)
      return range
    })
  })
}
