import { subject } from '../../fixtures/koa/cases.ts'
import { contract } from '../contract.ts'

contract(subject)
