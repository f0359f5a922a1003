" seq.vim - colours for sequences of the Modular Bench Controller
if exists("b:current_syntax")
  finish
endif
syn keyword seqHead sequence version needs meta param limit guard step end include on required text user entry always when
syn keyword seqStatement set start ramp dwell wait ask record stop result notify mark ready done retry every stable until guaranteed within holdback answers
syn keyword seqStatement to at over of as with back continue otherwise outage
syn keyword seqControl for in repeat if then else parallel do join
syn keyword seqAction hold skip abort trip
syn keyword seqTimeout timeout
syn keyword seqOperator and or not true false
syn match seqNumber "\v<\d+(\.\d+)?([eE][-+]?\d+)?"
syn match seqFunction "\v<(min|max|abs|since|mean|slope|rsd|total|hours|bad|age|frozen|vote|last)\ze\s*\("
syn match seqArrow "->"
syn region seqText start=+"+ skip=+\\"+ end=+"+ oneline contains=seqName
syn match seqName "{[A-Za-z_][A-Za-z0-9_]*}" contained
syn match seqComment "#.*$"
hi def link seqHead Structure
hi def link seqStatement Statement
hi def link seqControl Repeat
hi def link seqAction Exception
hi def link seqTimeout Special
hi def link seqOperator Operator
hi def link seqNumber Number
hi def link seqFunction Function
hi def link seqArrow Operator
hi def link seqText String
hi def link seqName Identifier
hi def link seqComment Comment
let b:current_syntax = "seq"
