import { Show } from 'solid-js'
import { Icon, type IconName } from '../ui/icons.tsx'
import type { MaskTool, MaskTools } from './mask-tools.ts'

interface MaskToolbarProps {
  tools: MaskTools
  isEmpty: boolean
  onInvert: () => void
  onClear: () => void
}

/** The tools of the mask editor: a column at the left, on the phone a row. */
export function MaskToolbar(props: MaskToolbarProps) {
  const { tools } = props
  return (
    <div class="mask-toolbar" role="toolbar" aria-label="Tools" aria-orientation="vertical">
      <ToolButton tools={tools} tool="brush" label="Brush" keyName="B" />
      <ToolButton tools={tools} tool="eraser" label="Eraser" keyName="E" />
      <div class="mask-size">
        <input
          type="range"
          class="mask-slider"
          aria-label="Brush size in pixels of the picture"
          title="Brush size ([ and ])"
          min={tools.minDiameter}
          max={tools.maxDiameter}
          value={tools.diameter()}
          onInput={event => tools.setDiameter(event.currentTarget.valueAsNumber)}
        />
        <output class="mask-diameter">{tools.diameter()}</output>
      </div>
      <Show when={tools.hasPen()}>
        <button
          type="button"
          class="quiet mask-tool mask-pressure"
          aria-pressed={tools.usesPressure()}
          title="The harder the pen is pressed, the wider its line"
          onClick={() => tools.setUsesPressure(on => !on)}
        >
          Pressure
        </button>
      </Show>
      <CommandButton icon="invert" label="Invert" keyName="I" onRun={props.onInvert} />
      <CommandButton icon="bin" label="Clear" keyName="Delete" isDisabled={props.isEmpty} onRun={props.onClear} />
    </div>
  )
}

function ToolButton(props: { tools: MaskTools; tool: MaskTool; label: string; keyName: string }) {
  return (
    <button
      type="button"
      class="quiet icon-only mask-tool"
      aria-label={props.label}
      aria-keyshortcuts={props.keyName}
      aria-pressed={props.tools.tool() === props.tool}
      title={`${props.label} (${props.keyName})`}
      onClick={() => props.tools.setTool(props.tool)}
    >
      <Icon name={props.tool} />
    </button>
  )
}

interface CommandButtonProps {
  icon: IconName
  label: string
  keyName: string
  isDisabled?: boolean
  onRun: () => void
}

function CommandButton(props: CommandButtonProps) {
  return (
    <button
      type="button"
      class="quiet icon-only mask-tool"
      aria-label={props.label}
      aria-keyshortcuts={props.keyName}
      title={`${props.label} (${props.keyName})`}
      disabled={props.isDisabled ?? false}
      onClick={() => props.onRun()}
    >
      <Icon name={props.icon} />
    </button>
  )
}
