/** Height of one line of the prompt, in CSS pixels: that of the style sheet. */
const PROMPT_LINE = 34
/** Space between the last row of the feed and the composer, in CSS pixels. */
const GAP = { phone: 16, desktop: 40 }

/**
 * Observes the size of the composer. Its height is the custom property `--composer-height`, for what stands above it; the height
 * that it takes while it rests, with one line of text and nothing open, is `--composer-rest`: what is below it does not move when it
 * grows.
 *
 * @param onRest called with the resting height and the space above it, in CSS pixels
 * @returns ends the observation
 */
export function observeComposerSize(slot: HTMLElement, onRest: (pixels: number) => void): () => void {
  const { style } = document.documentElement
  const update = () => {
    const rest = Math.ceil(measureRest(slot))
    style.setProperty('--composer-height', `${Math.ceil(measureHeight(slot))}px`)
    style.setProperty('--composer-rest', `${rest}px`)
    onRest(rest + (isPhone(slot) ? GAP.phone : GAP.desktop))
  }
  const observer = new ResizeObserver(update)
  for (const element of [slot, slot.querySelector('form'), slot.querySelector('.composer-bar')])
    if (element) observer.observe(element)
  return () => observer.disconnect()
}

/** Returns the height from the top of the composer to the bottom of the page. On a phone it is taller than its slot when it is open. */
function measureHeight(slot: HTMLElement): number {
  return Math.max(
    slot.offsetHeight,
    innerHeight - (slot.querySelector('form')?.getBoundingClientRect().top ?? innerHeight),
  )
}

function measureRest(slot: HTMLElement): number {
  const form = slot.querySelector('form')
  if (!form) return slot.offsetHeight
  const formStyle = getComputedStyle(form)
  if (isPhone(slot)) return slot.offsetHeight
  const resting = [...form.querySelectorAll<HTMLElement>('.composer-bar, [data-resting="true"]')]
  const inside = resting.reduce((sum, { offsetHeight }) => sum + offsetHeight, PROMPT_LINE)
  return inside + toPixels(formStyle.paddingTop, formStyle.paddingBottom, getComputedStyle(slot).paddingBottom)
}

/** Returns whether the composer lies over its slot, whose height is that of the closed one. */
function isPhone(slot: HTMLElement): boolean {
  const form = slot.querySelector('form')
  return form !== null && getComputedStyle(form).position === 'absolute'
}

function toPixels(...lengths: string[]): number {
  return lengths.reduce((sum, length) => sum + Number.parseFloat(length), 0)
}
