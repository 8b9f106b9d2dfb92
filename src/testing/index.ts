export { type Script, scripted } from './scripted.ts'
