import type { Model } from '@darkroom/contracts/model'
import { createSignal, For, Show } from 'solid-js'
import { formatEstimates } from '../composer/estimates.ts'
import { formatCount } from '../ui/format.ts'
import { createChildDraft, toPixels } from '../verbs/child-submission.ts'
import type { MaskTarget } from './mask-target.ts'

interface MaskPromptProps {
  target: MaskTarget
  /** Models that take a mask, the best first. */
  models: readonly Model[]
  /** Models that edit an image by words alone, the best first. */
  editModels: readonly Model[]
  prompt: string
  onPrompt: (prompt: string) => void
  /** Whether nothing is marked. */
  isEmpty: boolean
  isSending: boolean
  onSend: (model: Model, numOutputs: number) => void
}

/** The lower part of the mask editor: what is to be in the marked part, the model, and the button that sends it. */
export function MaskPrompt(props: MaskPromptProps) {
  const [chosenId, setChosenId] = createSignal<string>()
  const [chosenCount, setChosenCount] = createSignal(1)
  const model = () => props.models.find(({ id }) => id === chosenId()) ?? props.models[0]
  const count = () => Math.min(chosenCount(), model()?.maxOutputs ?? 1)
  const editModel = () => props.editModels.find(({ id }) => id === model()?.id) ?? props.editModels[0]
  const hasPrompt = () => props.prompt.trim() !== ''
  const excess = () => props.prompt.length - (model()?.promptCharacters ?? 0)
  const reason = () => {
    if (props.isEmpty) return hasPrompt() && editModel() ? 'Paint the part to change,' : 'Paint the part to change.'
    if (!hasPrompt()) return 'Write what should be there.'
    if (model() && excess() > 0) return `The prompt is ${excess()} characters too long for ${model()?.name}.`
    return null
  }
  const isReady = () => model() !== undefined && reason() === null && !props.isSending
  const send = () => {
    const selected = model()
    if (selected && isReady()) props.onSend(selected, count())
  }

  return (
    <form
      class="mask-prompt"
      onSubmit={event => {
        event.preventDefault()
        send()
      }}
    >
      <textarea
        rows={1}
        dir="auto"
        aria-label="What should be in the marked part"
        placeholder="What should be there"
        value={props.prompt}
        onInput={event => props.onPrompt(event.currentTarget.value)}
        onKeyDown={event => {
          if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
          event.preventDefault()
          send()
        }}
      />
      <div class="mask-options">
        <ModelSelect models={props.models} selected={model()} onSelect={setChosenId} />
        <CountSelect max={model()?.maxOutputs ?? 1} selected={count()} onSelect={setChosenCount} />
        <Show when={reason() === null && model()}>
          {selected => <Estimate target={props.target} model={selected()} count={count()} />}
        </Show>
        <p id="mask-reason" class="mask-reason" aria-live="polite">
          {reason()}
          <Show when={props.isEmpty && hasPrompt() && editModel()}>
            {able => (
              <button
                type="button"
                class="quiet"
                disabled={props.isSending}
                title={`With ${able().name}: these words for the whole picture`}
                onClick={() => props.onSend(able(), Math.min(count(), able().maxOutputs))}
              >
                or change the whole picture
              </button>
            )}
          </Show>
        </p>
        <button type="submit" class="solid mask-send" aria-disabled={!isReady()} aria-describedby="mask-reason">
          Change
        </button>
      </div>
    </form>
  )
}

function ModelSelect(props: { models: readonly Model[]; selected: Model | undefined; onSelect: (id: string) => void }) {
  return (
    <select aria-label="Model" onChange={event => props.onSelect(event.currentTarget.value)}>
      <For each={props.models}>
        {({ id, name }) => (
          <option value={id} selected={id === props.selected?.id}>
            {name}
          </option>
        )}
      </For>
    </select>
  )
}

function CountSelect(props: { max: number; selected: number; onSelect: (count: number) => void }) {
  return (
    <select aria-label="Number of images" onChange={event => props.onSelect(Number(event.currentTarget.value))}>
      <For each={Array.from({ length: props.max }, (_, index) => index + 1)}>
        {count => (
          <option value={count} selected={count === props.selected}>
            {formatCount(count, 'image')}
          </option>
        )}
      </For>
    </select>
  )
}

function Estimate(props: { target: MaskTarget; model: Model; count: number }) {
  const parts = () => {
    const { generation, output } = props.target
    const draft = createChildDraft({
      ...{ generation, output, verb: 'change-part', model: props.model, numOutputs: props.count },
    })
    return formatEstimates(draft, props.model, { count: 1, firstSize: toPixels(output) })
  }
  return (
    <p class="mask-estimate">
      <For each={parts()}>{part => <span>{part}</span>}</For>
    </p>
  )
}
