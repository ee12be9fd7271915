import type { MaskDocument } from './mask-document.ts'
import type { MaskTools } from './mask-tools.ts'
import type { Point } from './mask-view.ts'

export interface MaskKeysOptions {
  document: Pick<MaskDocument, 'apply' | 'undo' | 'redo'>
  tools: Pick<MaskTools, 'setTool' | 'grow' | 'shrink'>
  zoomBy: (factor: number) => void
  fit: () => void
  invert: () => void
  clear: () => void
}

const ZOOM_STEP = 1.25

/**
 * Creates the keys of the mask editor: `B` `E` `[` `]` `I`, Delete, `+` `-` `0`, Ctrl+Z and Ctrl+Shift+Z. In a text field they write.
 *
 * @returns handles a key. It returns whether it was one of them
 */
export function createMaskKeys({ document, tools, zoomBy, fit, invert, clear }: MaskKeysOptions) {
  const commands: Readonly<Record<string, () => void>> = {
    b: () => tools.setTool('brush'),
    e: () => tools.setTool('eraser'),
    '[': tools.shrink,
    ']': tools.grow,
    i: invert,
    delete: clear,
    '+': () => zoomBy(ZOOM_STEP),
    '=': () => zoomBy(ZOOM_STEP),
    '-': () => zoomBy(1 / ZOOM_STEP),
    '0': fit,
    'ctrl+z': document.undo,
    'ctrl+shift+z': document.redo,
    'ctrl+y': document.redo,
  }
  return function onKey(event: KeyboardEvent): boolean {
    if (isTextField(event.target) || event.altKey || event.isComposing) return false
    const command = commands[toCommandKey(event)]
    if (!command) return false
    event.preventDefault()
    command()
    return true
  }
}

/** Returns the step of an arrow key, in units of the brush; undefined for other keys. */
export function toArrowStep(key: string): Point | undefined {
  const steps: Readonly<Record<string, Point>> = {
    ArrowLeft: { x: -1, y: 0 },
    ArrowRight: { x: 1, y: 0 },
    ArrowUp: { x: 0, y: -1 },
    ArrowDown: { x: 0, y: 1 },
  }
  return steps[key]
}

function toCommandKey({ key, ctrlKey, metaKey, shiftKey }: KeyboardEvent): string {
  const name = key.toLowerCase()
  if (!ctrlKey && !metaKey) return name
  return `ctrl+${shiftKey ? 'shift+' : ''}${name}`
}

function isTextField(target: EventTarget | null): boolean {
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement
}
