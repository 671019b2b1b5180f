import { subject } from '../../fixtures/loopback/cases.ts'
import { contract } from '../contract.ts'

contract(subject)
