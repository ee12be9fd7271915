import type { Generation } from '@darkroom/contracts/generation'
import { isTerminal } from '@darkroom/contracts/lifecycle'
import type { Model } from '@darkroom/contracts/model'
import { previewUrlAtWidth, THUMBNAIL_WIDTH } from '@darkroom/contracts/previews'
import { type Accessor, createEffect, createSignal, Index, onCleanup, onMount, Show } from 'solid-js'
import { listActions } from '../store/available-actions.ts'
import type { Row } from '../store/generation-window.ts'
import { formatReadyCount, formatSummary } from '../ui/format.ts'
import { Icon } from '../ui/icons.tsx'
import { formatCost } from '../ui/money.ts'
import { ActionButton, type RunAction } from './action-button.tsx'
import { type Geometry, LINE_HEIGHT, type RowLayout } from './row-layout.ts'

/** The user's actions on a generation as a whole. */
export interface MetaActions {
  runAction: RunAction
  remove: (generation: Generation) => void
  reuse: (generation: Generation) => void
  copyPrompt: (generation: Generation) => void
}

/** The heights of prompts that are shown whole, as far as the layout of the feed depends on them. */
export interface PromptHeights {
  isPromptOpen: (key: string) => boolean
  /** Sets the height of a prompt, in CSS pixels; null while only its beginning is shown. */
  setPromptHeight: (key: string, height: number | null) => void
}

interface GenerationMetaProps {
  key: string
  row: Accessor<Row | undefined>
  layout: Accessor<RowLayout | undefined>
  geometry: Geometry
  promptHeights: PromptHeights
  model: Model | undefined
  actions: MetaActions
}

/** The text of a generation: its prompt, one quiet line of settings, its actions and references. */
export function GenerationMeta(props: GenerationMetaProps) {
  const height = () => (props.geometry.isMetaBeside ? 'auto' : `${props.layout()?.metaHeight ?? 0}px`)
  return (
    <div class="note" style={{ width: `${props.geometry.metaWidth}px`, height: height() }}>
      <Prompt {...props} />
      <div class="facts">
        <Show when={props.row()}>{row => <MetaLine model={props.model} row={row()} />}</Show>
        <Show when={props.row()}>{row => <Actions actions={props.actions} row={row()} />}</Show>
      </div>
      <References references={props.row()?.generation.references ?? []} />
    </div>
  )
}

function References(props: { references: Generation['references'] }) {
  return (
    <Show when={props.references.length}>
      <ul class="references" aria-label="References">
        <Index each={props.references}>
          {(reference, index) => (
            <li>
              <img
                src={previewUrlAtWidth(reference().previewUrl, THUMBNAIL_WIDTH)}
                alt={`Reference ${index + 1}`}
                decoding="async"
                data-url={reference().url}
              />
            </li>
          )}
        </Index>
      </ul>
    </Show>
  )
}

/** The beginning of the prompt, or all of it. A ResizeObserver reports its whole height, so that no layout is forced. */
function Prompt(props: GenerationMetaProps) {
  const [fullHeight, setFullHeight] = createSignal(0)
  const [isOpen, setOpen] = createSignal(props.promptHeights.isPromptOpen(props.key))
  let text: HTMLParagraphElement | undefined
  const lines = () => props.geometry.promptLines * LINE_HEIGHT
  const isLong = () => fullHeight() > lines() + 1

  const toggle = () => {
    setOpen(!isOpen())
    props.promptHeights.setPromptHeight(props.key, isOpen() ? fullHeight() : null)
  }

  onMount(() => {
    const observer = new ResizeObserver(entries =>
      setFullHeight(Math.ceil(entries[0]?.borderBoxSize[0]?.blockSize ?? 0)),
    )
    if (text) observer.observe(text)
    onCleanup(() => observer.disconnect())
  })
  createEffect<number>(before => {
    const height = fullHeight()
    const isChanged = before !== 0 && before !== height
    // The layout changes outside of reactive computations only: see createFeedView.
    if (isOpen() && isChanged) queueMicrotask(() => props.promptHeights.setPromptHeight(props.key, height))
    return height
  }, 0)

  return (
    <div
      class="prompt"
      data-clamped={isLong() && !isOpen()}
      style={{ 'max-height': `${props.layout()?.promptHeight ?? lines()}px` }}
    >
      <p ref={text} id={`prompt-${props.key}`}>
        {props.row()?.generation.prompt}
      </p>
      <Show when={isLong()}>
        <button type="button" class="prompt-more" aria-expanded={isOpen()} onClick={toggle}>
          {isOpen() ? 'show less' : 'show all'}
        </button>
      </Show>
    </div>
  )
}

/** The facts of a generation, and what it cost, which stays in view where the facts are cut off. */
function MetaLine(props: { model: Model | undefined; row: Row }) {
  const generation = () => props.row.generation
  const isRunning = () => !isTerminal(generation().status) && (props.row.delivery?.state ?? 'sending') === 'sending'
  const facts = () => {
    const items = formatSummary(generation(), props.model)
    return isRunning() ? [...items, formatReadyCount(generation())] : items
  }
  return (
    <p class="meta" title={props.model?.note ?? undefined}>
      <span>{facts().map(withNonBreakingSpaces).join(' · ')}</span>
      <Show when={formatCost(generation(), props.model)}>
        {cost => <span>{` · ${withNonBreakingSpaces(cost())}`}</span>}
      </Show>
    </p>
  )
}

/** Replaces spaces, so that the line breaks between facts and not within one. */
function withNonBreakingSpaces(part: string): string {
  return part.replaceAll(' ', '\u00a0')
}

function Actions(props: { actions: MetaActions; row: Row }) {
  const isConfirmed = () => props.row.delivery === null
  return (
    <div class="row-actions">
      <button type="button" class="quiet" onClick={() => props.actions.reuse(props.row.generation)}>
        <Icon name="reuse" />
        <span>Reuse</span>
      </button>
      <Show
        when={needsConnection(props.row.generation)}
        fallback={
          <button type="button" class="quiet" onClick={() => props.actions.copyPrompt(props.row.generation)}>
            <Icon name="copy" />
            <span>Copy prompt</span>
          </button>
        }
      >
        <a class="quiet" href="#settings/connections" title="Open the settings of the connections">
          <Icon name="settings" />
          <span>Connections</span>
        </a>
      </Show>
      <Show when={isConfirmed() && listActions(props.row.generation).includes('cancel')}>
        <ActionButton
          action="cancel"
          generation={props.row.generation}
          variant="quiet"
          icon="close"
          runAction={props.actions.runAction}
        />
      </Show>
      <Show when={isConfirmed()}>
        <button type="button" class="quiet" onClick={() => props.actions.remove(props.row.generation)}>
          <Icon name="bin" />
          <span>Delete</span>
        </button>
      </Show>
    </div>
  )
}

/** Returns whether a generation waits for a change of its connection that only a user can make. */
function needsConnection({ waiting }: Generation): boolean {
  return waiting?.reason === 'key-refused' || waiting?.reason === 'no-credit'
}
