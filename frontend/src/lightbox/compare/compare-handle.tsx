import { onMount } from 'solid-js'
import { Icon } from '../../ui/icons.tsx'
import { type LinePosition, moveSplit } from './split-line.ts'

interface CompareHandleProps {
  /** Share of the visible part of the image that A takes, from 0 to 1. */
  split: number
  line: LinePosition
  onSplit: (split: number) => void
}

/** The line between A and B, with the handle that moves it. */
export function CompareHandle(props: CompareHandleProps) {
  let handle: HTMLDivElement | undefined
  let grabbedAt: number | undefined

  function onPointerDown(event: PointerEvent) {
    // The image below would be moved with it.
    event.stopPropagation()
    grabbedAt = event.clientX - props.line.at
    handle?.setPointerCapture(event.pointerId)
  }

  function onPointerMove(event: PointerEvent) {
    if (grabbedAt === undefined || props.line.length === 0) return
    event.stopPropagation()
    props.onSplit((event.clientX - grabbedAt - props.line.start) / props.line.length)
  }

  function onPointerUp() {
    grabbedAt = undefined
  }

  function onKeyDown(event: KeyboardEvent) {
    const split = moveSplit(props.split, event)
    if (split === undefined) return
    event.preventDefault()
    event.stopPropagation()
    props.onSplit(split)
  }

  onMount(() => handle?.focus({ preventScroll: true }))
  const percent = () => Math.round(props.split * 100)
  return (
    <div
      class="compare-line"
      style={{ transform: `translate(${props.line.at}px, ${props.line.top}px)`, height: `${props.line.height}px` }}
    >
      <div
        ref={handle}
        class="compare-handle"
        role="slider"
        tabIndex={0}
        aria-label="Line between A and B"
        aria-valuemin="0"
        aria-valuemax="100"
        aria-valuenow={percent()}
        aria-valuetext={`${percent()} % A`}
        onKeyDown={onKeyDown}
        onPointerDown={onPointerDown}
        onPointerMove={onPointerMove}
        onPointerUp={onPointerUp}
        onPointerCancel={onPointerUp}
      >
        <Icon name="split" />
      </div>
    </div>
  )
}
