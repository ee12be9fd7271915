import type { Generation } from '@darkroom/contracts/generation'
import { isTerminal } from '@darkroom/contracts/lifecycle'
import { countMissing } from '../../store/available-actions.ts'
import { TILE_GAP } from '../tile-layout.ts'
import { formatRowMessage } from './row-message.ts'

/** Widths and heights within the text of a row, in CSS pixels. `row-text.css` has the same values. */
export const LINE_HEIGHT = 24
const PARENT_HEIGHT = 44
const THUMBNAIL_SIZE = 44
const CAPTION_HEIGHT = 32
/** Height that the actions of a row take beyond their usual one where the pointer is a finger. */
const COARSE_HEIGHT = { beside: 12, strip: 20, stacked: 0 }
const MESSAGE_LINE_HEIGHT = 20
/** Width that the menu of a stacked row takes beside the prompt. */
const MENU_WIDTH = 48
/** Facts, actions, and the gaps between. */
const BESIDE = { facts: 28, status: 32, messageGap: 8, actions: 40, references: 12 }
/** Facts or the status in one line, the action below, the gap to the images. */
const STACKED = { facts: 28, messageGap: 4, actions: 48, references: 8, end: 12 }
/** More than the average width of a character, so that a text almost always fits the lines computed for it. */
const CHARACTER_WIDTH = 9
const WIDE_CHARACTER_WIDTH = 16
const MESSAGE_CHARACTER_WIDTH = 7.2
/** No screen shows more of a prompt while it is collapsed. */
const MEASURED_LENGTH = 1_000

/**
 * Arrangement of a row. `beside`: the text at the right of the images. `stacked`: above them, on narrow windows. `strip`: in one
 * line above images of one height.
 */
export type RowForm = 'beside' | 'stacked' | 'strip'

/** The text of a row: its size, and the heights of the parts that vary, in CSS pixels. */
export interface MetaLayout {
  width: number
  height: number
  promptHeight: number
  /** Height of the prompt while only its beginning is shown. */
  collapsedPromptHeight: number
  messageHeight: number
}

interface MetaInput {
  generation: Generation
  form: RowForm
  isCoarse: boolean
  width: number
  promptLines: number
  /** Height of the whole prompt while it is shown in full; else null. */
  promptHeight: number | null
  /** Whether the line of the progress keeps its height after the end. */
  reservesStatus: boolean
}

/** Computes the size of a row's text. */
export function layoutMeta(input: MetaInput): MetaLayout {
  const coarse = input.isCoarse ? COARSE_HEIGHT[input.form] : 0
  if (input.form === 'strip') {
    const height = CAPTION_HEIGHT + coarse
    return {
      width: input.width,
      height,
      promptHeight: LINE_HEIGHT,
      collapsedPromptHeight: LINE_HEIGHT,
      messageHeight: 0,
    }
  }
  const collapsedPromptHeight = collapsedHeightOf(input)
  const promptHeight = input.promptHeight === null ? collapsedPromptHeight : input.promptHeight + LINE_HEIGHT
  const messageHeight = countMessageLines(input) * MESSAGE_LINE_HEIGHT
  const rest = input.form === 'beside' ? heightBeside(input, messageHeight) : heightStacked(input, messageHeight)
  const parent = input.generation.parent === null ? 0 : PARENT_HEIGHT
  return {
    width: input.width,
    height: parent + promptHeight + rest + coarse,
    promptHeight,
    collapsedPromptHeight,
    messageHeight,
  }
}

/** Estimates the lines that a text takes, at most so many. A text that takes more is cut off, and can be opened. */
function estimateLines(text: string, width: number, max: number): number {
  let lines = 0
  for (const paragraph of text.slice(0, MEASURED_LENGTH).split('\n')) {
    lines += Math.max(1, Math.ceil(estimateWidth(paragraph) / width))
    if (lines >= max) return max
  }
  return Math.max(1, lines)
}

function estimateWidth(text: string): number {
  let total = 0
  for (const character of text) total += character < '\u2e80' ? CHARACTER_WIDTH : WIDE_CHARACTER_WIDTH
  return total
}

function collapsedHeightOf({ generation, form, width, promptLines }: MetaInput): number {
  const free = form === 'stacked' ? width - MENU_WIDTH : width
  return estimateLines(generation.prompt, free, promptLines) * LINE_HEIGHT
}

function heightBeside({ generation, width, reservesStatus }: MetaInput, messageHeight: number): number {
  const status = reservesStatus || !isTerminal(generation.status) ? BESIDE.status : 0
  const message = messageHeight === 0 ? 0 : BESIDE.messageGap + messageHeight
  const references = heightOfReferences(generation, width, BESIDE.references)
  return BESIDE.facts + status + message + BESIDE.actions + references
}

function heightStacked({ generation, width }: MetaInput, messageHeight: number): number {
  const message = messageHeight === 0 ? 0 : STACKED.messageGap + messageHeight
  const actions = countMissing(generation) > 0 && messageHeight > 0 ? STACKED.actions : 0
  return STACKED.facts + message + actions + heightOfReferences(generation, width, STACKED.references) + STACKED.end
}

function heightOfReferences({ references }: Generation, width: number, gap: number): number {
  if (references.length === 0) return 0
  const perLine = Math.max(1, Math.floor((width + TILE_GAP) / (THUMBNAIL_SIZE + TILE_GAP)))
  const lines = Math.ceil(references.length / perLine)
  return gap + lines * (THUMBNAIL_SIZE + TILE_GAP) - TILE_GAP
}

function countMessageLines({ generation, width }: MetaInput): number {
  const message = formatRowMessage(generation, PROVIDER_STAND_IN)
  return message === null ? 0 : Math.ceil((message.length * MESSAGE_CHARACTER_WIDTH) / width)
}

/** Stands for the provider, whose name the layout does not know. */
const PROVIDER_STAND_IN = 'x'.repeat(20)
