import { subject } from '../../fixtures/hapi/cases.ts'
import { contract } from '../contract.ts'

contract(subject)
