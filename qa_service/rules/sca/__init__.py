"""Rules of Alibaba Cloud's Intelligent Conversation Analysis (智能对话分析, SCA) turned into rules of ours.

The format is that of the API ``UploadRule`` and of what ``GetRule``/``GetRuleDetail`` answer (QualityCheck,
2019-01-15; help.aliyun.com, "规则对象说明" and "检测算子对象说明"): a rule is an expression over conditions, a
condition an expression over operators within a range of sentences.
"""
