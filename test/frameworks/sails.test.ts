import { subject } from '../../fixtures/sails/cases.ts'
import { contract } from '../contract.ts'

contract(subject)
