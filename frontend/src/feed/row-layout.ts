import type { Generation } from '@darkroom/contracts/generation'
import type { Output } from '@darkroom/contracts/output'
import { ELSEWHERE_LABEL, formatFailure, formatHelpLabel, helpWithFailure } from './failure-help.ts'
import { layoutMeta, type MetaLayout, type RowForm } from './meta/meta-layout.ts'
import { hasNoMedia, listShownOutputs } from './shown-outputs.ts'
import { layoutNarrowStrip, layoutStrip, layoutTiles, type MediaBlock } from './tile-layout.ts'

/** Widths and heights within a row, in CSS pixels. `feed.css` has the same values. */
export const META_GAP = 24
const MIN_META_WIDTH = 292
const MAX_META_WIDTH = 400
const MAX_PANEL_WIDTH = 660
const MIN_PANEL_HEIGHT = 144
const PANEL_PADDING = 48
const PANEL_LINE_HEIGHT = 20
/** Height of a panel beyond its reason and its buttons: the title, the gaps and the padding. */
const PANEL_FRAME_HEIGHT = 72
const PANEL_BUTTON_HEIGHT = 44
/** More than the average width of a character, so that a message always fits the height computed for it. */
const PANEL_CHARACTER_WIDTH = 8.5
/** Width of a button beyond its label, with the gap to the next. */
const PANEL_BUTTON_PADDING = 36

/** Size of the images in the feed. */
export type Density = 'large' | 'medium' | 'small'

/** Measures that follow from the size of the window and the density, in CSS pixels. */
export interface Geometry {
  density: Density
  form: RowForm
  /** Distance of the rows from the left edge of the window. */
  left: number
  contentWidth: number
  /** The greatest width of the images. */
  mediaWidth: number
  maxMediaHeight: number
  /** Most lines of a prompt while only its beginning is shown. */
  promptLines: number
  /** Distance between two rows. */
  rowGap: number
  /** Whether the controls are as large as a finger needs them. */
  isCoarse: boolean
}

interface GeometryInput {
  /** Width of the window without its scroll bar. */
  width: number
  /** Height of the window. */
  height?: number
  density?: Density
  /** Whether the pointer is a finger. */
  isCoarse?: boolean
}

/** Height that the header and the composer at rest take, of which the images leave a part free, in CSS pixels. */
const OCCUPIED_HEIGHT = 228
const PHONE_OCCUPIED_HEIGHT = 136
const PHONE_MEDIUM_HEIGHT = 500
const MIN_MEDIA_HEIGHT = 200
const LARGE_SHARE = 0.9
const MEDIUM_SHARE = 0.64

/** Computes the geometry of the feed. */
export function computeGeometry({
  width,
  height = 900,
  density = 'medium',
  isCoarse = false,
}: GeometryInput): Geometry {
  const [left, right] = marginsFor(width)
  const contentWidth = width - left - right
  const common = {
    density,
    isCoarse,
    left,
    contentWidth,
    maxMediaHeight: maxMediaHeightFor({ width, height, density }),
  }
  const rowGap = density === 'small' ? 24 : 40
  const isSmall = density === 'small'
  if (width < 980) {
    return { ...common, rowGap, form: 'stacked', mediaWidth: contentWidth, promptLines: isSmall ? 1 : 2 }
  }
  if (isSmall) return { ...common, rowGap, form: 'strip', mediaWidth: contentWidth, promptLines: 1 }
  return { ...common, rowGap, form: 'beside', mediaWidth: contentWidth - META_GAP - MIN_META_WIDTH, promptLines: 4 }
}

/** Returns the margins beside the feed. The scrubber stands in the right one; in narrow windows it is a thin line. */
function marginsFor(width: number): readonly [left: number, right: number] {
  if (width < 640) return [16, 16]
  return width < 980 ? [24, 24] : [64, 72]
}

function maxMediaHeightFor({ width, height, density }: Required<Omit<GeometryInput, 'isCoarse'>>): number {
  const isPhone = width < 640
  const free = height - (isPhone ? PHONE_OCCUPIED_HEIGHT : OCCUPIED_HEIGHT)
  const large = Math.max(MIN_MEDIA_HEIGHT, Math.round(free * LARGE_SHARE))
  if (density === 'large') return large
  return isPhone ? Math.min(large, PHONE_MEDIUM_HEIGHT) : Math.max(MIN_MEDIA_HEIGHT, Math.round(free * MEDIUM_SHARE))
}

export interface RowLayout {
  height: number
  meta: MetaLayout
  /** The images; its boxes are those of the shown outputs, in their order. */
  block: MediaBlock
}

/** State of a row beside its generation. */
export interface RowState {
  /** Height of the whole prompt while it is shown in full, in CSS pixels; else null. */
  promptHeight: number | null
  /** Whether the row was shown while in progress: if it fails then, its boxes stay, so that nothing moves in view. */
  reservesMediaSpace: boolean
  /** Message of a refusal by the studio; else null. */
  refusalMessage: string | null
}

/** Computes the layout of a row, from data that is there before a single byte of an image. */
export function layoutRow(generation: Generation, geometry: Geometry, state: RowState): RowLayout {
  const block = computeBlock(generation, geometry, state)
  const beside = Math.min(MAX_META_WIDTH, geometry.contentWidth - block.width - META_GAP)
  const meta = layoutMeta({
    generation,
    form: geometry.form,
    isCoarse: geometry.isCoarse,
    width: geometry.form === 'beside' ? beside : geometry.contentWidth,
    promptLines: geometry.promptLines,
    promptHeight: state.promptHeight,
    reservesStatus: state.reservesMediaSpace,
  })
  const height = geometry.form === 'beside' ? Math.max(meta.height, block.height) : meta.height + block.height
  return { height, meta, block }
}

function computeBlock(generation: Generation, geometry: Geometry, state: RowState): MediaBlock {
  const isEmpty = hasNoMedia(generation) && !state.reservesMediaSpace
  if (!isEmpty) {
    const whole = layoutMedia(listShownOutputs(generation).map(aspectRatioOf), geometry)
    const message = state.refusalMessage ?? (hasNoMedia(generation) ? formatFailure(generation) : null)
    return message === null ? whole : withMinHeight(whole, computePanelHeight(message, generation, whole.width))
  }
  const width = Math.min(geometry.mediaWidth, MAX_PANEL_WIDTH)
  return { boxes: [], width, height: computePanelHeight(formatFailure(generation), generation, width) }
}

function layoutMedia(ratios: readonly number[], { form, density, mediaWidth, maxMediaHeight }: Geometry): MediaBlock {
  if (form === 'strip') return layoutStrip(ratios, mediaWidth)
  if (density === 'small') return layoutNarrowStrip(ratios, mediaWidth)
  return layoutTiles({ ratios, width: mediaWidth, maxHeight: maxMediaHeight })
}

/** Makes a block high enough for a panel that covers its images. */
function withMinHeight(block: MediaBlock, height: number): MediaBlock {
  return { ...block, height: Math.max(block.height, height) }
}

function computePanelHeight(message: string, generation: Generation, width: number): number {
  const inner = Math.max(width - PANEL_PADDING, 120)
  const lines = Math.ceil((message.length * PANEL_CHARACTER_WIDTH) / inner)
  const labels = helpWithFailure(generation).actions.map(action => formatHelpLabel(action, generation))
  // Whether it is offered depends on the models, which are known later.
  labels.push(ELSEWHERE_LABEL)
  const widths = labels.map(label => label.length * PANEL_CHARACTER_WIDTH + PANEL_BUTTON_PADDING)
  const buttonLines = Math.max(1, Math.ceil(widths.reduce((total, one) => total + one, 0) / inner))
  return Math.max(MIN_PANEL_HEIGHT, PANEL_FRAME_HEIGHT + lines * PANEL_LINE_HEIGHT + buttonLines * PANEL_BUTTON_HEIGHT)
}

function aspectRatioOf({ width, height }: Output): number {
  const ratio = (width ?? 1) / (height ?? 1)
  return Number.isFinite(ratio) && ratio > 0 ? Math.min(Math.max(ratio, 0.2), 5) : 1
}
