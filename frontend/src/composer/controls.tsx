import type { Model } from '@darkroom/contracts/model'
import { For, type JSX, Show } from 'solid-js'
import { formatCount, formatLength } from '../ui/format.ts'
import { Icon } from '../ui/icons.tsx'
import type { ComposerPanel, SetDraft } from './composer-state.ts'
import type { Draft } from './draft.ts'
import { preloadPanel } from './panels/composer-panels.tsx'
import { formatSize, Shape } from './shape.tsx'

interface ControlsProps {
  model: Model
  /** The draft within the limits of the model. */
  draft: Draft
  setDraft: SetDraft
  panel: ComposerPanel
  togglePanel: (panel: Exclude<ComposerPanel, null>) => void
  onModelButtonMount: (button: HTMLButtonElement) => void
}

/** The choices that the selected model offers. */
export function Controls(props: ControlsProps) {
  const outputCounts = () => Array.from({ length: props.model.maxOutputs }, (_, index) => index + 1)
  return (
    <>
      <ModelButton {...props} />
      <PanelButton
        panel="size"
        label={`Size: ${formatSize(props.draft)}`}
        isOpen={props.panel === 'size'}
        onNear={preloadPanel}
        onToggle={props.togglePanel}
      >
        <Shape ratio={props.draft.resolution === 'auto' ? null : props.draft.aspectRatio} />
        <span>{formatSize(props.draft)}</span>
      </PanelButton>
      <Select
        label="Outputs"
        value={props.draft.numOutputs}
        options={outputCounts().map(count => [count, formatCount(count, props.model.kind)])}
        onChange={count => props.setDraft('numOutputs', Number(count))}
      />
      <Select
        label="Duration"
        value={props.draft.duration ?? ''}
        options={props.model.durations.map(seconds => [seconds, formatLength(seconds)])}
        onChange={seconds => props.setDraft('duration', Number(seconds))}
      />
      <Show when={hasSettings(props.model)}>
        <PanelButton
          panel="settings"
          isOpen={props.panel === 'settings'}
          onNear={preloadPanel}
          onToggle={props.togglePanel}
        >
          <Icon name="settings" />
          <span>{formatSettingsLabel(props.draft.seed, props.model)}</span>
        </PanelButton>
      </Show>
    </>
  )
}

function ModelButton(props: ControlsProps) {
  return (
    <button
      ref={props.onModelButtonMount}
      type="button"
      class="chip model-button"
      aria-haspopup="dialog"
      aria-expanded={props.panel === 'models'}
      aria-label={`Model: ${props.model.name}`}
      title={props.model.note ?? undefined}
      onPointerEnter={() => preloadPanel('models')}
      onFocus={() => preloadPanel('models')}
      onClick={() => props.togglePanel('models')}
    >
      <span>{props.model.name}</span>
      <Icon name="expand" />
    </button>
  )
}

interface PanelButtonProps {
  panel: 'size' | 'settings'
  label?: string
  isOpen: boolean
  onNear: (panel: 'size' | 'settings') => void
  onToggle: (panel: 'size' | 'settings') => void
  children: JSX.Element
}

/** The button that opens or closes a panel of the composer. */
function PanelButton(props: PanelButtonProps) {
  return (
    <button
      type="button"
      class="chip"
      aria-label={props.label}
      aria-expanded={props.isOpen}
      aria-controls={props.isOpen ? `${props.panel}-panel` : undefined}
      onPointerEnter={() => props.onNear(props.panel)}
      onFocus={() => props.onNear(props.panel)}
      onClick={() => props.onToggle(props.panel)}
    >
      {props.children}
    </button>
  )
}

interface SelectProps {
  label: string
  value: string | number
  options: (readonly [value: string | number, label: string])[]
  onChange: (value: string) => void
}

/** A select box. It is disabled if there is one option only, and not shown if there is none. */
function Select(props: SelectProps): JSX.Element {
  return (
    <Show when={props.options.length > 0}>
      <select
        class="chip"
        aria-label={props.label}
        title={props.label}
        disabled={props.options.length === 1}
        onChange={event => props.onChange(event.currentTarget.value)}
      >
        <For each={props.options}>
          {([value, label]) => (
            <option value={value} selected={value === props.value}>
              {label}
            </option>
          )}
        </For>
      </select>
    </Show>
  )
}

function hasSettings({ seed, negativePrompt, settings }: Model): boolean {
  return seed !== null || negativePrompt || Object.keys(settings).length > 0
}

function formatSettingsLabel(seed: number | null, model: Model): string {
  return model.seed && seed !== null ? `Seed ${seed}` : 'Settings'
}
