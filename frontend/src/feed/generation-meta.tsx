import type { Generation } from '@darkroom/contracts/generation'
import { isTerminal } from '@darkroom/contracts/lifecycle'
import type { Model } from '@darkroom/contracts/model'
import { previewUrlAtWidth, THUMBNAIL_WIDTH } from '@darkroom/contracts/previews'
import { type Accessor, createMemo, createSignal, Index, Match, Show, Switch } from 'solid-js'
import { isInTrash } from '../library/match-query.ts'
import type { Row } from '../store/generation-window.ts'
import type { Clock } from '../ui/clock.ts'
import { formatPromptStart, formatProviderName } from '../ui/format.ts'
import { lazyPart } from '../ui/lazy-part.tsx'
import { canComplete } from './meta/can-complete.ts'
import { FactsLine } from './meta/facts-line.tsx'
import type { MetaActions } from './meta/meta-actions.ts'
import type { RowForm } from './meta/meta-layout.ts'
import { ParentLink } from './meta/parent-link.tsx'
import { Prompt, type PromptHeights } from './meta/prompt.tsx'
import { formatRowMessage } from './meta/row-message.ts'
import { Progress } from './progress.tsx'
import type { RowLayout } from './row-layout.ts'

// Their place is reserved in the layout, so that nothing moves when they are there.
const loadActions = () => import('./meta/row-actions.tsx')
const RowActionLine = lazyPart(async () => ({ default: (await loadActions()).RowActionLine }), null)
const CompleteButton = lazyPart(async () => ({ default: (await loadActions()).CompleteButton }), null)
const CancelButton = lazyPart(async () => ({ default: (await loadActions()).CancelButton }), null)
const TrashLine = lazyPart(async () => ({ default: (await loadActions()).TrashLine }), null)
const RowMenu = lazyPart(async () => ({ default: (await loadActions()).RowMenu }), null)

const PromptPopover = lazyPart(
  async () => ({ default: (await import('./meta/prompt-popover.tsx')).PromptPopover }),
  null,
)

interface GenerationMetaProps {
  key: string
  row: Accessor<Row | undefined>
  layout: Accessor<RowLayout | undefined>
  form: RowForm
  promptHeights: PromptHeights
  model: Model | undefined
  clock: Clock
  coarseNow: Accessor<number>
  actions: MetaActions
}

/** The text of a generation: its parent, its prompt, the facts or the progress, its actions and references. */
export function GenerationMeta(props: GenerationMetaProps) {
  const [isPromptShown, setPromptShown] = createSignal(false)
  const showPrompt = () => setPromptShown(true)
  const layout = () => props.layout()?.meta
  const height = () => (props.form === 'beside' ? 'auto' : `${layout()?.height ?? 0}px`)
  const child = () => {
    const generation = props.row()?.generation
    return generation?.parent ? generation : undefined
  }
  return (
    <div class="note" style={{ width: `${layout()?.width ?? 0}px`, height: height() }}>
      <Show when={child()}>
        {generation => <ParentLink generation={generation()} findParent={props.actions.findParent} />}
      </Show>
      <Prompt {...props} onShow={props.form === 'strip' ? showPrompt : undefined} />
      <Show when={props.row()}>
        {row => (
          <Switch fallback={<BesideText {...props} row={row()} />}>
            <Match when={props.form === 'stacked'}>
              <StackedText {...props} row={row()} />
            </Match>
            <Match when={props.form === 'strip'}>
              <StripText {...props} row={row()} onShowPrompt={showPrompt} />
            </Match>
          </Switch>
        )}
      </Show>
      <Show when={isPromptShown() && props.row()?.generation}>
        {generation => (
          <PromptPopover
            generation={generation()}
            onCopy={props.actions.copyPrompt}
            onClose={() => setPromptShown(false)}
          />
        )}
      </Show>
    </div>
  )
}

type TextProps = Omit<GenerationMetaProps, 'row'> & { row: Row }

function BesideText(props: TextProps) {
  return (
    <>
      <FactsLine generation={props.row.generation} model={props.model} />
      <Show when={isRunning(props.row)}>
        <RowProgress {...props} />
      </Show>
      <Message {...props} />
      <Show when={isInTrash(props.row.generation)} fallback={<RowActionLine row={props.row} actions={props.actions} />}>
        <Trash {...props} />
      </Show>
      <References generation={props.row.generation} />
    </>
  )
}

/** Above the images: the progress stands where the facts do otherwise, so that nothing moves when it ends. */
function StackedText(props: TextProps) {
  return (
    <>
      <Show when={isRunning(props.row)} fallback={<StackedFacts {...props} />}>
        <div class="row-running">
          <RowProgress {...props} />
          <CancelButton row={props.row} actions={props.actions} />
        </div>
      </Show>
      <Message {...props} />
      <Show when={canComplete(props.row)}>
        <div class="row-actions">
          <CompleteButton row={props.row} actions={props.actions} />
        </div>
      </Show>
      <References generation={props.row.generation} />
      <Show when={!isInTrash(props.row.generation)}>
        <RowMenu row={props.row} actions={props.actions} hasButtons={false} />
      </Show>
    </>
  )
}

/** In one line above a contact strip. */
function StripText(props: TextProps & { onShowPrompt: () => void }) {
  return (
    <>
      <References generation={props.row.generation} />
      <FactsLine generation={props.row.generation} model={props.model} />
      <Show when={isRunning(props.row)}>
        <RowProgress {...props} />
        <CancelButton row={props.row} actions={props.actions} />
      </Show>
      <Message {...props} />
      <Show
        when={isInTrash(props.row.generation)}
        fallback={
          <RowMenu row={props.row} actions={props.actions} hasButtons={false} onShowPrompt={props.onShowPrompt} />
        }
      >
        <Trash {...props} />
      </Show>
    </>
  )
}

/** The facts above the images; in the trash the time that is left instead. */
function StackedFacts(props: TextProps) {
  return (
    <Show
      when={isInTrash(props.row.generation)}
      fallback={<FactsLine generation={props.row.generation} model={props.model} />}
    >
      <div class="row-running">
        <Trash {...props} />
      </div>
    </Show>
  )
}

function Trash(props: TextProps) {
  return <TrashLine row={props.row} actions={props.actions} now={props.coarseNow()} />
}

function RowProgress(props: TextProps) {
  return <Progress clock={props.clock} generation={props.row.generation} provider={formatProviderName(props.model)} />
}

/** The message about the outputs of a generation, such as why some are missing. */
function Message(props: TextProps) {
  const message = createMemo(() =>
    formatRowMessage(props.row.generation, formatProviderName(props.model), props.coarseNow()),
  )
  const height = () => props.layout()?.meta.messageHeight ?? 0
  return (
    <Show when={message()}>
      {text => (
        <p class="row-message" title={text()} style={height() > 0 ? { 'max-height': `${height()}px` } : undefined}>
          {text()}
        </p>
      )}
    </Show>
  )
}

function References(props: { generation: Generation }) {
  const references = () => props.generation.references
  const label = (index: number) =>
    `Reference ${index + 1} of ${references().length}: ${formatPromptStart(props.generation.prompt)}`
  return (
    <Show when={references().length}>
      <ul class="references" aria-label="References">
        <Index each={references()}>
          {(reference, index) => (
            <li>
              <img
                src={previewUrlAtWidth(reference().previewUrl, THUMBNAIL_WIDTH)}
                alt={label(index)}
                decoding="async"
                data-url={reference().url}
                onError={event => event.currentTarget.setAttribute('data-broken', 'true')}
                onLoad={event => event.currentTarget.removeAttribute('data-broken')}
              />
            </li>
          )}
        </Index>
      </ul>
    </Show>
  )
}

/** Returns whether a generation is being made, or on its way to the studio. */
function isRunning({ generation, delivery }: Row): boolean {
  return !isTerminal(generation.status) && (delivery?.state ?? 'sending') === 'sending'
}
