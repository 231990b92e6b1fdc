export type ScenarioName = string
