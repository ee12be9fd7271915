import { toQuotient } from '@darkroom/contracts/other-model/size-choice'
import type { SizeChoice } from '@darkroom/contracts/size'

/** Area of the drawing of a ratio, and its longest edge, in CSS pixels. */
const AREA = 200
const MAX_EDGE = 24

/** The drawing of an aspect ratio; dashed for null, where the model chooses. */
export function Shape(props: { ratio: string | null }) {
  const size = () => {
    const quotient = toQuotient(props.ratio ?? '1:1')
    const height = Math.sqrt(AREA / quotient)
    const scale = Math.min(1, MAX_EDGE / Math.max(height, height * quotient))
    return { width: `${Math.round(height * quotient * scale)}px`, height: `${Math.round(height * scale)}px` }
  }
  return <span class="shape" data-auto={props.ratio === null} style={size()} aria-hidden="true" />
}

/** Formats a chosen size: `3:2`, or `Auto` where the model chooses. */
export function formatSize({ aspectRatio, resolution }: SizeChoice): string {
  return resolution === 'auto' ? 'Auto' : aspectRatio
}
